"""The examples that a stage learns from, read from the tables of its texts."""

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lingualift.artifacts import read_json, read_parquet
from lingualift.data.rows import lines
from lingualift.messages import LinguaLiftError
from lingualift.model.chat import in_chat_format
from lingualift.model.layout import Prompt, load_tokenizer
from lingualift.model.states import States, load_states
from lingualift.training.job import StageJob, StageTexts

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Examples:
    """Questions and responses with the encoder states of the questions (None for text input);
    `words` aligns code-switched words to English.
    """

    languages: list[str]
    questions: list[str]
    responses: list[str]
    prompts: list[Prompt | None]
    states: States | None
    words: list[list[Mapping[str, Any]]] | None = None

    def __len__(self) -> int:
        return len(self.questions)

    def take(self, rows: Sequence[int]) -> "Examples":
        """The chosen rows, in the given order."""
        return Examples(
            [self.languages[row] for row in rows],
            [self.questions[row] for row in rows],
            [self.responses[row] for row in rows],
            [self.prompts[row] for row in rows],
            None if self.states is None else self.states.take(rows),
            None if self.words is None else [self.words[row] for row in rows],
        )


def stage_examples(job: StageJob, english: Examples | None) -> tuple[Examples, list[str]]:
    """The examples of a stage, drawn over its languages alike, and the languages that are left out
    because their lexicons collapsed.

    A warm start learns from the `english` texts too: there every word stands for itself.
    """
    left_out: list[str] = []
    parts: list[Examples] = []
    for texts in job.data:
        evidence = {} if texts.lexicon is None else read_json(texts.lexicon)
        if evidence.get("verdict") == "collapsed":
            left_out.append(evidence["language"])
        else:
            parts += by_language(read_examples(_in_chat(texts, job), job.names))
    if left_out:
        logger.warning(
            "%s: left out because their lexicons collapsed: %s", job.name, ", ".join(left_out)
        )
    if job.stage.objective == "warm-start" and english is not None:
        parts.append(with_words(english))
    return draw_examples(parts, job.stage.examples, job.seed), left_out


def _in_chat(texts: StageTexts, job: StageJob) -> StageTexts:
    """A table with its prompt as the LLM's chat format has it, where it asks for that."""
    if texts.prompt is None or not texts.prompt.chat:
        return texts
    return replace(texts, prompt=in_chat_format(texts.prompt, load_tokenizer(job.llm)))


def read_examples(texts: StageTexts, names: Mapping[str, str]) -> Examples:
    """All examples of a table; `names` gives the languages' English names, for prompts that name
    them. Of a language's corpus, a text file, every line is an example: the response to nothing.
    """
    if texts.texts.suffix == ".txt":
        sentences = [line for _, line in lines(texts.texts) if line.strip()]
        count = len(sentences)
        bare = Prompt("{question}", "")
        return Examples([texts.texts.stem] * count, [""] * count, sentences, [bare] * count, None)
    table = read_parquet(texts.texts)
    questions = table["question"].to_pylist()
    languages = table["language"].to_pylist()
    prompts = {
        language: texts.prompt and texts.prompt.between(names.get(language, language), "English")
        for language in set(languages)
    }
    return Examples(
        languages,
        questions,
        table["response"].to_pylist(),
        [prompts[language] for language in languages],
        load_states(texts.states, questions) if texts.states else None,
        table["words"].to_pylist() if "words" in table.column_names else None,
    )


def encoder_texts(examples: Examples, layout: str) -> list[str]:
    """What the encoder reads of each example."""
    return [
        question if prompt is None else prompt.encoded(layout, question)
        for prompt, question in zip(examples.prompts, examples.questions, strict=True)
    ]


def by_language(examples: Examples) -> list[Examples]:
    """Examples of several languages, one part a language in order of appearance."""
    languages = list(dict.fromkeys(examples.languages))
    if len(languages) < 2:
        return [examples]
    codes = np.asarray(examples.languages)
    return [examples.take(np.flatnonzero(codes == language).tolist()) for language in languages]


def with_words(english: Examples) -> Examples:
    """English questions as input to the warm start: every word stands for itself."""
    words: list[list[Mapping[str, Any]]] = [
        [
            {"start": m.start(), "end": m.end(), "source_start": m.start(), "source_end": m.end()}
            for m in re.finditer(r"\w+|[^\w\s]", question)
        ]
        for question in english.questions
    ]
    return replace(english, responses=english.questions, words=words)


def join(parts: Sequence[Examples]) -> Examples:
    """Several sets of examples behind one another."""
    if not parts:
        raise LinguaLiftError(
            "no language has a usable lexicon, so stage 1 has no data; see"
            " results/tables/lexicons.csv"
        )
    if len(parts) == 1:
        return parts[0]
    encoded = [part.states for part in parts if part.states is not None]
    words = [words for part in parts for words in part.words or []]
    return Examples(
        [language for part in parts for language in part.languages],
        [question for part in parts for question in part.questions],
        [response for part in parts for response in part.responses],
        [prompt for part in parts for prompt in part.prompts],
        States.join(encoded) if encoded else None,
        words if len(words) == sum(len(part) for part in parts) else None,
    )


def draw_examples(parts: Sequence[Examples], count: int | None, seed: int) -> Examples:
    """`count` examples, as many from each part as from any other (None: all)."""
    if count is None:
        return join(parts)
    drawn = []
    for index, part in enumerate(parts):
        share = count // len(parts) + (index < count % len(parts))
        order = np.random.default_rng([seed, index]).permutation(len(part))[:share]
        drawn.append(part.take(sorted(int(row) for row in order)))
    return join(drawn)
