"""Translate with whatever engine a source holds, Apertium's Debian packages or NLLB through
Transformers: questions into English, or sentences either way.

A question of inference or commonsense is a form filled with sentences ('Premise: ...'); its words
are kept and only what fills it is translated (`parts`). What fills it is translated sentence by
sentence: engines are made for sentences, and a word problem of many can be longer than they take.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from lingualift.benchmarks.base import Problem
from lingualift.languages import Language
from lingualift.messages import LinguaLiftError
from lingualift.text.sentences import split_sentences

TRANSLATION_SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("language", pa.string(), nullable=False),
        pa.field("question", pa.string(), nullable=False),
        pa.field("translation", pa.string(), nullable=False),
    ]
)
_FORM = re.compile(
    r"(^Premise: |\nHypothesis: |\nLabel:$|\nOptions:A\. |\t[B-Z]\. |\nAnswer:$|\n+)"
)


def translation_table(problems: Sequence[Problem], code: str, english: Sequence[str]) -> pa.Table:
    """The questions of problems with their translations (`TRANSLATION_SCHEMA`)."""
    columns = [
        [problem.id for problem in problems],
        [code] * len(problems),
        [problem.question for problem in problems],
        list(english),
    ]
    return pa.Table.from_arrays(
        [pa.array(column, pa.string()) for column in columns], schema=TRANSLATION_SCHEMA
    )


def in_english(problems: Sequence[Problem], table: pa.Table, name: str) -> list[Problem]:
    """The problems with their translated questions; `name` is the file that `table` was read from,
    for messages.
    """
    rows = zip(
        table["id"].to_pylist(),
        table["question"].to_pylist(),
        table["translation"].to_pylist(),
        strict=True,
    )
    known = {(identifier, question): translation for identifier, question, translation in rows}
    try:
        return [
            replace(problem, question=known[problem.id, problem.question]) for problem in problems
        ]
    except KeyError as error:
        raise LinguaLiftError(
            f"{name}: has no translation of problem '{error.args[0][0]}'; delete it and run again"
        ) from None


def parts(question: str) -> list[str]:
    """Alternately what is translated and what is kept: the words of a form, and line ends."""
    return _FORM.split(question)


def translate_questions(
    questions: Sequence[str], language: Language, engine: str, folder: Path, batch: int
) -> list[str]:
    """English translations of questions in one language, in order.

    `engine` is the kind of the source (`apt`: Apertium; `hub`: an NLLB model), `folder` where it
    was retrieved to or its prepared model. Raises `LinguaLiftError` where the engine cannot be run
    or returns nothing for a sentence.
    """
    return translated_parts(
        questions,
        language.code,
        lambda wanted: translate_sentences(wanted, language, engine, folder, batch),
    )


def translated_parts(
    questions: Sequence[str], code: str, translate: Callable[[Sequence[str]], list[str]]
) -> list[str]:
    """Questions of which `translate` has put every sentence into English, each distinct one once;
    what a form keeps stays.
    """
    split = [
        [
            split_sentences(part, code) if index % 2 == 0 else [part]
            for index, part in enumerate(parts(question))
        ]
        for question in questions
    ]
    wanted = sorted(
        {
            sentence
            for pieces in split
            for texts in pieces[::2]
            for sentence in texts
            if any(character.isalnum() for character in sentence)  # not a lone mark
        }
    )
    known = dict(zip(wanted, translate(wanted), strict=True))
    return [
        "".join(
            " ".join(known.get(sentence, sentence) for sentence in texts)
            if index % 2 == 0
            else texts[0]
            for index, texts in enumerate(pieces)
        )
        for pieces in split
    ]


def translate_sentences(
    sentences: Sequence[str],
    language: Language,
    engine: str,
    folder: Path,
    batch: int,
    out_of_english: bool = False,
) -> list[str]:
    """English translations of single sentences in a language, in order; with `out_of_english`
    translations of English sentences into it.

    `engine`, `folder` and errors are those of `translate`.
    """
    from lingualift.translate import apertium, nllb

    if engine == "apt":
        made = apertium.translate(sentences, folder, out_of_english)
    elif language.nllb is not None:
        made = nllb.translate(sentences, language, folder, batch, out_of_english)
    else:
        raise LinguaLiftError(
            f"translation: languages.tsv gives {language.name} ({language.code}) no NLLB code"
        )
    if len(made) != len(sentences):
        raise LinguaLiftError(
            f"translation: {len(made)} translations for {len(sentences)} sentences of"
            f" {'English into ' if out_of_english else ''}{language.code}"
        )
    for sentence, translated in zip(sentences, made, strict=True):
        if not translated.strip():
            raise LinguaLiftError(
                f"translation: nothing came back for {sentence[:60]!r} ({language.code})"
            )
    return made
