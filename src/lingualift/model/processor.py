"""Strings in, a model's inputs out; new tokens in, answers out.

What a question becomes is what the last stage of a checkpoint trained with: its layout and its
prompt, which its configuration notes; in the LLM's chat format where the prompt says so.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from lingualift.messages import LinguaLiftError
from lingualift.model.chat import in_chat_format
from lingualift.model.configuration import LinguaLiftConfig
from lingualift.model.encoder_tokenizer import EncoderTokenizer
from lingualift.model.frozen import located, place
from lingualift.model.layout import (
    ENCODER_PARTS,
    LAYOUTS,
    Composed,
    Prompt,
    compose,
    end_ids,
    load_tokenizer,
    special_ids,
)
from lingualift.model.modeling import LinguaLiftModel
from lingualift.model.states import Tokens
from lingualift.training.batches import collate

__all__ = ["LinguaLiftModel", "LinguaLiftProcessor"]


@dataclass(frozen=True)
class LinguaLiftProcessor:
    """How a checkpoint is asked: the LLM's tokenizer, the encoder's where the question enters
    through one, layout and prompt. `ends` are the tokens that end an answer.
    """

    tokenizer: Any
    encoder: EncoderTokenizer | None
    layout: str
    prompt: Prompt
    ends: tuple[int, ...]

    @classmethod
    def from_pretrained(
        cls,
        path: str | os.PathLike,
        llm: str | os.PathLike | None = None,
        encoder: str | os.PathLike | None = None,
    ) -> "LinguaLiftProcessor":
        """The processor of a checkpoint; `llm` and `encoder` as in
        `LinguaLiftModel.from_pretrained`.
        """
        folder = Path(path)
        if not (folder / "config.json").is_file():
            raise LinguaLiftError(f"{folder}: holds no checkpoint (no config.json)")
        config = LinguaLiftConfig.of_checkpoint(folder)
        place(config, folder, Path(llm) if llm else None, Path(encoder) if encoder else None)
        return cls.of(config, str(folder))

    @classmethod
    def of(cls, config: LinguaLiftConfig, what: str) -> "LinguaLiftProcessor":
        """The processor of a model's configuration, whose parts lie where it says; `what` stands
        for the model in messages.
        """
        if config.layout is None or config.prompt is None:
            raise LinguaLiftError(
                f"{what}: its config.json notes no prompt: it was made by version 0.1, or its last"
                " stage asks nothing (a warm start); take the checkpoint of a later stage"
            )
        encoder = None
        if set(LAYOUTS[config.layout]) & set(ENCODER_PARTS):
            assert config.encoder is not None
            noted = located(config.encoder, Path(what), f"{what}: the encoder")
            encoder = EncoderTokenizer.load(
                noted["path"], noted.get("split_digits", False), noted.get("languages")
            )
        tokenizer = load_tokenizer(config.llm["path"])
        ends = end_ids(tokenizer, config.llm["path"])
        prompt = in_chat_format(Prompt(**config.prompt), tokenizer)
        return cls(tokenizer, encoder, config.layout, prompt, ends)

    def asked_with(self, prompt: Prompt) -> "LinguaLiftProcessor":
        """The same with another prompt than the last stage's."""
        return replace(self, prompt=in_chat_format(prompt, self.tokenizer))

    @property
    def pad(self) -> int:
        """The token that fills a batch's shorter rows."""
        return special_ids(self.tokenizer)[2]

    def tokens(self, questions: Sequence[str], language: str | None = None) -> Tokens | None:
        """The encoder's tokens of what it reads of each question (None: the question enters as
        text). Raises `LinguaLiftError` for a question that is empty or longer than the encoder
        reads: nothing is cut off in silence.
        """
        names = [f"question {number}" for number in range(1, len(questions) + 1)]
        if len(questions) == 1:
            names = ["the question"]
        for name, question in zip(names, questions, strict=True):
            if not question.strip():
                raise LinguaLiftError(f"{name} is empty")
        if self.encoder is None:
            return None
        prompt = self._prompt(language)
        texts = [prompt.encoded(self.layout, question) for question in questions]
        marked: list[str] = []
        if language is not None and self.encoder.language_tokens:
            marked = [self.encoder.language_code(language)] * len(texts)
        whole = replace(self.encoder, limit=self.encoder.limit + 1).tokens(texts, marked)
        for name, text, count in zip(names, texts, whole.counts().tolist(), strict=True):
            if count > self.encoder.limit:
                raise LinguaLiftError(
                    f"{name} ({text[:30]!r}) has more tokens than the {self.encoder.limit} that the"
                    " encoder reads; shorten it"
                )
        return whole

    def encoder_tokens(self, question: str, language: str | None = None) -> list[str]:
        """What the encoder reads of a question, token by token (nothing: it enters as text)."""
        tokens = self.tokens([question], language)
        if tokens is None or self.encoder is None:
            return []
        return self.encoder.tokenizer.convert_ids_to_tokens(tokens.ids.tolist())

    def composed(
        self, questions: Sequence[str], tokens: Tokens | None, language: str | None = None
    ) -> list[Composed]:
        """The questions as the LLM reads them (equation (4)); `tokens` are those of `tokens`."""
        counts = [0] * len(questions) if tokens is None else tokens.counts().tolist()
        prompt = self._prompt(language)
        return [
            compose(LAYOUTS[self.layout], self.tokenizer, prompt, question, count)
            for question, count in zip(questions, counts, strict=True)
        ]

    def __call__(self, questions: Sequence[str], language: str | None = None) -> dict[str, Any]:
        """What `LinguaLiftModel.generate` takes: questions padded on the left to [batch, tokens],
        the encoder's ids [batch, tokens] with their mask, and the tokens that end an answer.

        `language` is the questions', by its English name, for prompts that name it and encoders
        that mark it; the latter know it by its code, too.
        """
        if isinstance(questions, str):
            questions = [questions]
        if not questions:
            raise LinguaLiftError("no question is asked")
        tokens = self.tokens(questions, language)
        inputs: dict[str, Any] = collate(
            self.composed(questions, tokens, language), self.pad, left=True
        )
        inputs.pop("labels")
        if tokens is not None:
            inputs |= tokens.batch(range(len(questions)))
        return {**inputs, "eos_token_id": list(self.ends), "pad_token_id": self.pad}

    def decode(self, new_tokens: torch.Tensor) -> list[str]:
        """The answers of new tokens [batch, new]: each up to the first token that ends it."""
        answers = []
        for ids in new_tokens.tolist():
            end = next((place for place, token in enumerate(ids) if token in self.ends), len(ids))
            answers.append(self.tokenizer.decode(ids[:end], skip_special_tokens=True))
        return answers

    def _prompt(self, language: str | None) -> Prompt:
        names = self.prompt.names_language
        marks = self.encoder is not None and bool(self.encoder.language_tokens)
        if language is None:
            if names or marks:
                raise LinguaLiftError(
                    f"this checkpoint's {'prompt names' if names else 'encoder marks'} the language"
                    " of the question: give it in English (--language Swahili; in Python"
                    " language='Swahili')"
                )
            return self.prompt
        if marks:
            assert self.encoder is not None
            language = self.encoder.language_names[self.encoder.language_code(language)]
        return self.prompt.between(language, "English")
