"""Words of a line, by spaCy's class for the language (a blank pipeline: rules and dictionaries, no
model).

| language | tokeniser |
|---|---|
| th | spaCy's class over pythainlp (newmm: maximal matching over a dictionary) |
| ja | spaCy's class over sudachipy (split mode A) and the dictionary sudachidict_core |
| zh | spaCy's class over jieba |
| ko | spaCy's rules: words between spaces, with particles (its default needs the library MeCab) |
| vi | spaCy's rules: syllables, as in PyPI wordfreq (its default, pyvi, reads a pickled model) |
| be, ha, sw | the multi-language class `xx`: spaCy has none of their own |
| others | spaCy's class |

pythainlp is a dependency of the project; the others are its extra `segmenters`.
"""

import importlib.util
import logging
import pkgutil
import tempfile
from collections.abc import Iterable, Iterator
from typing import Any

from lingualift.messages import LinguaLiftError, nearest
from lingualift.text.sentences import pieces

logger = logging.getLogger(__name__)

# What a language's tokeniser imports, and the package that brings it.
PACKAGES = {
    "th": {"pythainlp": "pythainlp"},
    "ja": {"sudachipy": "sudachipy", "sudachidict_core": "sudachidict_core"},
    "zh": {"jieba": "jieba"},
}
RULES = {"nlp": {"tokenizer": {"@tokenizers": "spacy.Tokenizer.v1"}}}
SETTINGS: dict[str, dict[str, Any]] = {
    "ko": RULES,
    "vi": RULES,
    "zh": {
        "nlp": {"tokenizer": {"@tokenizers": "spacy.zh.ChineseTokenizer", "segmenter": "jieba"}}
    },
}


LONGEST_TEXT = 10_000
"""Characters of a text that any tokeniser takes: Sudachi refuses 49,150 bytes, spaCy a million
characters.
"""


def check_segmenters(languages: Iterable[str]) -> None:
    """Every package that tokenising these languages takes is installed; the first language that
    lacks one is named with the remedy.
    """
    for language in languages:
        missing = [
            package
            for module, package in PACKAGES.get(language, {}).items()
            if importlib.util.find_spec(module) is None
        ]
        if missing:
            names = " ".join(missing)
            raise LinguaLiftError(
                f"tokenising language '{language}' needs the Python package"
                f" {' and '.join(missing)}: pip install {names} (or the project's extra"
                " 'segmenters'), or leave the language out of languages.alignment"
            )


def blank_pipeline(language: str) -> Any:
    """spaCy's blank pipeline (tokeniser only) for a class code of the table of languages."""
    import spacy

    check_segmenters([language])
    if language == "zh":
        _load_jieba()
    try:
        spacy.util.get_lang_class(language)
    except ImportError:
        packages = importlib.import_module("spacy.lang").__path__
        classes = [module.name for module in pkgutil.iter_modules(packages)]
        raise LinguaLiftError(
            f"languages.tsv, column 'spacy': spaCy has no class '{language}';"
            f" {nearest(language, [name for name in classes if len(name) in (2, 3)])} (an empty"
            " cell takes the multi-language class xx)"
        ) from None
    return spacy.blank(language, config=SETTINGS.get(language, {}))


def tokenize(lines: Iterable[str], tokenizer: str | Any) -> Iterator[list[str]]:
    """The tokens of each line by a spaCy class, or by a pipeline that `blank_pipeline` made; lines
    without tokens are skipped.

    spaCy's classes differ in the punctuation that they know (Armenian's knows none of its own), so
    punctuation and symbols at the edges of a token become tokens here for all, and so do digits
    beside letters that are not Latin ("14개"). No token is empty or holds white space. A line of
    more than `LONGEST_TEXT` characters becomes several.
    """
    import regex

    edges = regex.compile(
        r"([\p{P}\p{S}]*)(\d+(?=[\p{L}--\p{Latin}]))?"
        r"(.*?)((?<=[\p{L}--\p{Latin}])\d+)?([\p{P}\p{S}]*)",
        flags=regex.V1 | regex.DOTALL,
    )
    pipeline = blank_pipeline(tokenizer) if isinstance(tokenizer, str) else tokenizer
    texts = (piece for line in lines for piece in pieces(line, LONGEST_TEXT))
    for doc in pipeline.pipe(texts, batch_size=256):
        tokens: list[str] = []
        for token in doc:
            # Segmenters may leave white space inside a token; a corpus line is split at spaces
            # again later.
            for piece in token.text.split():
                if piece.isalpha():
                    tokens.append(piece)
                else:
                    tokens += [part for part in edges.fullmatch(piece).groups() if part]
        if tokens:
            yield tokens


def _load_jieba() -> None:
    """jieba would read a cache of its dictionary from the shared temporary folder, where anyone may
    have put it.
    """
    import jieba

    jieba.setLogLevel(logging.WARNING)
    with tempfile.TemporaryDirectory() as private:
        jieba.dt.tmp_dir = private
        jieba.initialize()
