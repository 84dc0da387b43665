"""The encoder's tokenizer as states are made with it: added tokens, lengths, digits, and the token
that marks a text's language where a model has one (NLLB).
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from transformers import AutoConfig, AutoTokenizer
from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

from lingualift.messages import LinguaLiftError, nearest, printable
from lingualift.model import digits, use_multilingual
from lingualift.model.frozen import noted_languages
from lingualift.model.states import Tokens

use_multilingual.register()
MAX_TOKENS = 1024
BIDIRECTIONAL = (
    "bert",
    "xlm",
    "xlm-roberta",
    "roberta",
)  # also offered as causal models, but read both ways


@dataclass(frozen=True)
class EncoderTokenizer:
    """The encoder's tokenizer as states are made with it; `causal` encoders get no added tokens,
    others their usual ones.

    Texts are cut after `limit` tokens. With `split_digits` every digit is a token of its own.
    `language_tokens` are the ids of the tokens that begin a text, and `language_names` the English
    names, by the languages' codes; empty where the model marks none.
    """

    tokenizer: Any
    causal: bool
    limit: int = MAX_TOKENS
    split_digits: bool = False
    language_tokens: dict[str, int] = field(default_factory=dict)
    language_names: dict[str, str] = field(default_factory=dict)

    @classmethod
    def load(
        cls,
        path: str | Path,
        split_digits: bool = False,
        languages: Mapping[str, Mapping[str, str]] | None = None,
    ) -> "EncoderTokenizer":
        """The tokenizer of a model folder; `languages` as in `noted_languages`, for a folder that
        notes none.
        """
        config = AutoConfig.from_pretrained(path, local_files_only=True)
        try:
            tokenizer = AutoTokenizer.from_pretrained(path, local_files_only=True)
        except (ImportError, ValueError, OSError) as error:
            raise LinguaLiftError(
                f"encoder {path}: its tokenizer cannot be read:"
                f" {' '.join(str(error).split())[:300]}"
            ) from error
        if split_digits:
            digits.split_digits(tokenizer)
        limit = min(MAX_TOKENS, positions(config))
        marked = noted_languages(path) or languages or {}
        tokens = _language_tokens(path, tokenizer, marked)
        names = {code: marked[code]["name"] for code in tokens}
        return cls(tokenizer, is_causal(config), limit, split_digits, tokens, names)

    def __call__(self, texts: Sequence[str]) -> tuple[list[list[int]], list[list[tuple[int, int]]]]:
        """Token ids and character offsets of each text; added tokens have empty offsets. Only a
        fast tokenizer knows offsets.
        """
        if not self.tokenizer.is_fast:
            raise LinguaLiftError(
                f"encoder {self.tokenizer.name_or_path}: its tokenizer tells no character offsets"
                " (no tokenizer.json), which a warm start and lexicons from the encoder need; use"
                " another encoder for these, or leave out the stage"
            )
        batch = self.tokenizer(
            list(texts),
            add_special_tokens=not self.causal,
            truncation=True,
            max_length=self.limit,
            return_offsets_mapping=True,
        )
        offsets = batch["offset_mapping"]
        if self.split_digits:
            mark = self.tokenizer.convert_tokens_to_ids("▁")
            if mark not in (None, self.tokenizer.unk_token_id):  # as where a vocabulary lacks it
                offsets = [
                    _unmarked(*row, mark)
                    for row in zip(texts, batch["input_ids"], offsets, strict=True)
                ]
        return batch["input_ids"], offsets

    @property
    def prefix(self) -> tuple[int, ...]:
        """Tokens before a text that give no state: a decoder's BOS is an attention sink without
        meaning.
        """
        return (
            (self.tokenizer.bos_token_id,)
            if self.causal and self.tokenizer.bos_token_id is not None
            else ()
        )

    @property
    def added(self) -> tuple[int, int]:
        """How many tokens are added before and after every text."""
        if self.causal:
            return 0, 0
        mask = self.tokenizer("a", return_special_tokens_mask=True)["special_tokens_mask"]
        return mask.index(0), mask[::-1].index(0)

    def tokens(self, texts: Sequence[str], languages: Sequence[str] = ()) -> Tokens:
        """Ids of all texts in one array; a text without any is an error.

        `languages` are the texts' codes, which a model that marks them needs.
        """
        marks = self._marks(texts, languages)
        pieces, counts = [], []
        for start in range(
            0, len(texts), 8192
        ):  # offsets of Python integers would be the largest thing in memory
            batch = self.tokenizer(
                list(texts[start : start + 8192]),
                add_special_tokens=not self.causal,
                truncation=True,
                max_length=self.limit,
            )["input_ids"]
            counts += [len(ids) for ids in batch]
            pieces.append(np.fromiter((token for ids in batch for token in ids), np.int32))
        if 0 in counts:
            index = counts.index(0)
            raise LinguaLiftError(
                f"text {index} ({texts[index][:30]!r}) has no tokens for the encoder"
            )
        pad = self.tokenizer.pad_token_id
        ids = np.concatenate(pieces) if pieces else np.empty(0, np.int32)
        ends = np.cumsum([0, *counts])
        if marks is not None:
            ids[ends[:-1]] = marks
        return Tokens(ids, ends, self.prefix, 0 if pad is None else pad)

    def language_code(self, language: str) -> str:
        """The code of a language that the model marks, by its English name or its code; another is
        a `LinguaLiftError`.
        """
        asked = language.strip().casefold()
        for code, name in self.language_names.items():
            if asked in (code, name.casefold()):
                return code
        raise LinguaLiftError(
            f"encoder {self.tokenizer.name_or_path}: has no token for the language"
            f" '{printable(language)}'; {nearest(language, self.language_names.values())}"
        )

    def _marks(self, texts: Sequence[str], languages: Sequence[str]) -> list[int] | None:
        """The token that begins each text, where the model marks languages."""
        if not self.language_tokens:
            return None
        if len(languages) != len(texts):
            raise LinguaLiftError(
                f"encoder {self.tokenizer.name_or_path}: marks the language of a text, and is told"
                f" that of {len(languages)} of {len(texts)} texts; this is a fault of the program,"
                " please report it"
            )
        for language in set(languages) - set(self.language_tokens):
            raise LinguaLiftError(
                f"encoder {self.tokenizer.name_or_path}: has no token for the language"
                f" '{language}'; it has {', '.join(sorted(self.language_tokens))}; leave the"
                " language out, or delete this folder where its row of languages.tsv is new"
            )
        return [self.language_tokens[language] for language in languages]


def _unmarked(
    text: str, ids: list[int], offsets: list[tuple[int, int]], mark: int
) -> list[tuple[int, int]]:
    """Offsets in which the mark of a word's beginning stands for nothing where it was cut off a
    digit: without a space before it, it has the digit's own place.
    """
    return [
        (start, start) if token == mark and text[start:end].isnumeric() else (start, end)
        for token, (start, end) in zip(ids, offsets, strict=True)
    ]


def _language_tokens(
    path: str | Path, tokenizer: Any, marked: Mapping[str, Mapping[str, str]]
) -> dict[str, int]:
    """Ids of the tokens that mark languages, of those that the vocabulary has."""
    vocabulary = tokenizer.get_vocab() if marked else {}
    ids = {language: vocabulary.get(noted["token"]) for language, noted in marked.items()}
    if ids and tokenizer("a")["input_ids"][0] not in ids.values():
        raise LinguaLiftError(
            f"encoder {path}: its tokenizer begins no text with a token of a language, which"
            " config/sources.yaml states (language_tokens); correct the registry"
        )
    return {language: number for language, number in ids.items() if number is not None}


def is_causal(config: Any) -> bool:
    """Whether a model reads from left to right."""
    decoder = (
        config.model_type in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES
        and config.model_type not in BIDIRECTIONAL
    )
    return decoder and not getattr(config, "is_encoder_decoder", False)


def positions(config: Any) -> int:
    """Tokens of a text that a model has positions for: 512 in BERT, XLM and their kin, without end
    where positions are relative.
    """
    held = getattr(config, "max_position_embeddings", None)
    if held is None:
        return sys.maxsize
    first = (
        (config.pad_token_id or 0) + 1 if config.model_type in ("roberta", "xlm-roberta") else 0
    )  # these count from there
    return int(held) - first - is_causal(config)
