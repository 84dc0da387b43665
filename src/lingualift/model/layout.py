"""How an input enters the LLM, token by token (paper section 3.1, equation (4)).

A sequence is a list of token ids with a parallel list of segment kinds. Text positions (`TEXT`)
hold LLM token ids; the boundary positions (`START`, `END`) and the encoder positions (`STATE`) hold
no token: the model puts a trainable vector or an aligned encoder state there. The layout is a list
of parts, so the paper's order, that of the authors' released code and those of LangBridge and
MindMerger are values of one setting.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from lingualift.artifacts import read_json
from lingualift.messages import LinguaLiftError
from lingualift.tasks.forms import question_fields

TEXT, START, STATE, END = 0, 1, 2, 3
ENCODER_PARTS = {"start": START, "states": STATE, "end": END}
IGNORE = -100
TOKENISED_AT_ONCE = 8192  # texts; the lists of their ids are the largest thing in memory
CHAT_ENDS = ("<|im_end|>", "<|eot_id|>", "<|end|>", "<|end_of_turn|>", "<end_of_turn>")
"""What ends a turn in the chat formats of Qwen and SmolLM, Llama 3, Phi, OpenChat and Gemma: a
model may write it without calling it its EOS.
"""

LAYOUTS: dict[str, tuple[str, ...]] = {
    "text": ("bos", "text"),
    "encoder": ("bos", "instruction", "start", "states", "end"),
    "encoder-first": ("bos", "start", "states", "end", "instruction"),
    "templated-encoder": ("bos", "start", "states", "end"),
    "templated-encoder-end": ("bos", "states", "end"),
    "both": ("bos", "states", "end", "text"),
}
"""Parts of each input: the baselines' plain text, equation (4), its parts the other way round, the
released code's and LangBridge's inputs, MindMerger's merged input.
"""
TEMPLATED = ("templated-encoder", "templated-encoder-end")
"""Layouts whose encoder reads the whole prompt; the others' encoders read the question alone."""


SLOTS = (["question"], ["premise", "hypothesis"], ["stem", "choices"])
"""What a template may ask for: the question, or the parts of one of inference or with choices."""
SLOT = re.compile(rf"\{{({'|'.join(name for names in SLOTS for name in names)})\}}")
NEEDED_SLOTS = (
    "needs exactly one {question} slot, or one each of {premise} and {hypothesis}, or of {stem} and"
    " {choices}"
)


def has_slots(template: str) -> bool:
    """Whether a template has exactly the slots of one kind of question."""
    return sorted(SLOT.findall(template)) in [sorted(names) for names in SLOTS]


@dataclass(frozen=True)
class Prompt:
    """A template with one `{question}` slot, or with slots for the parts of a question (`SLOTS`);
    `instruction` is what stays when the question enters through the encoder.

    `{source}` and `{target}`, the names of the question's language and of English, are filled in by
    `between`. With `chat` it is a turn in the LLM's chat format (`chat.in_chat_format`), behind the
    message `system`.
    """

    template: str
    instruction: str
    chat: bool = False
    system: str = ""

    def __post_init__(self) -> None:
        if not has_slots(self.template):
            raise LinguaLiftError(f"prompt {self.template!r}: {NEEDED_SLOTS}")

    @classmethod
    def of(
        cls, template: str, instruction: str | None, chat: bool = False, system: str = ""
    ) -> "Prompt":
        """A prompt by its template; without an instruction, what the template says beside the
        question is what stays where the encoder reads the question.
        """
        if instruction is None:
            instruction = SLOT.sub("", template)
        return cls(template, instruction, chat, system)

    @property
    def names_language(self) -> bool:
        """Whether it names the question's language."""
        return "{source}" in self.template + self.instruction + self.system

    def between(self, source: str, target: str) -> "Prompt":
        """The prompt for a question in one language, answered or translated into another, by their
        names.
        """
        parts = (
            text.replace("{source}", source).replace("{target}", target)
            for text in (self.template, self.instruction, self.system)
        )
        template, instruction, system = parts
        return replace(self, template=template, instruction=instruction, system=system)

    def fields(self) -> dict[str, Any]:
        """Its fields by name, without those of the chat format where it has none: Snakemake
        compares what jobs were given, and finished ones are older.
        """
        return {
            name: value
            for name, value in asdict(self).items()
            if value or name in ("template", "instruction")
        }

    def text(self, question: str) -> str:
        """The whole prompt as text."""
        fields = {"question": question}
        if "{question}" not in self.template:
            fields |= question_fields(question)
        pieces = SLOT.split(self.template)  # text and names of slots in turn
        missing = [name for name in pieces[1::2] if name not in fields]
        if missing:
            raise LinguaLiftError(
                f"prompt {self.template[:40]!r}: question {question[:40]!r} has no {missing[0]}"
            )
        pieces[1::2] = [fields[name] for name in pieces[1::2]]
        return "".join(pieces)

    def encoded(self, layout: str, question: str) -> str:
        """What the encoder reads."""
        return self.text(question) if layout in TEMPLATED else question


def reads_question(layout: str, prompt: Prompt | None) -> bool:
    """Whether the encoder reads the question as it stands, so that its stored states serve."""
    return layout not in TEMPLATED or prompt is None or prompt.template == "{question}"


@dataclass(frozen=True)
class Composed:
    """One composed sequence: `ids`, `segments` and `labels` are int32 arrays of one length;
    `states` counts encoder positions.
    """

    ids: np.ndarray
    segments: np.ndarray
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def states(self) -> int:
        return int((self.segments == STATE).sum())


def special_ids(tokenizer: Any) -> tuple[int, int, int]:
    """(BOS, EOS, pad) of an LLM's tokenizer; a tokenizer without a BOS or EOS is refused, padding
    falls back to EOS.
    """
    bos, eos, pad = tokenizer.bos_token_id, tokenizer.eos_token_id, tokenizer.pad_token_id
    for name, value in (("BOS", bos), ("EOS", eos)):
        if value is None:
            raise LinguaLiftError(
                f"tokenizer {tokenizer.name_or_path}: has no {name} token; choose an LLM whose"
                " tokenizer defines one"
            )
    return bos, eos, eos if pad is None else pad


def end_ids(tokenizer: Any, path: str | Path) -> tuple[int, ...]:
    """The tokens that end an answer of the LLM in a model folder: its tokenizer's EOS first, which
    is what stages train, then those that its configuration and generation_config.json name, and the
    ends of a turn in its chat format.
    """
    from transformers import AutoConfig

    config = AutoConfig.from_pretrained(path, local_files_only=True).get_text_config()
    named = [getattr(config, "eos_token_id", None)]
    generation = Path(path) / "generation_config.json"
    if generation.is_file():
        settings = read_json(generation)
        named.append(settings.get("eos_token_id") if isinstance(settings, dict) else None)
    ends = [special_ids(tokenizer)[1]]
    for ids in named:
        for identifier in ids if isinstance(ids, list) else [] if ids is None else [ids]:
            if not isinstance(identifier, int) or isinstance(identifier, bool):
                raise LinguaLiftError(
                    f"{path}: eos_token_id {identifier!r} is not the number of a token; correct"
                    " config.json or generation_config.json at its source"
                )
            ends.append(identifier)
    ends += [
        identifier
        for identifier, token in tokenizer.added_tokens_decoder.items()
        if token.content in CHAT_ENDS
    ]
    return tuple(dict.fromkeys(ends))


def load_tokenizer(path: str | Path) -> Any:
    """An LLM's tokenizer; BOS and EOS that it does not name are taken from the model's
    configuration (as Qwen's BOS).
    """
    from transformers import AutoConfig, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(path, local_files_only=True)
    config = AutoConfig.from_pretrained(path, local_files_only=True).get_text_config()
    for name in ("bos", "eos"):
        known = getattr(config, f"{name}_token_id", None)
        known = next(iter(known), None) if isinstance(known, list) else known
        if getattr(tokenizer, f"{name}_token_id") is None and known is not None:
            setattr(tokenizer, f"{name}_token", tokenizer.convert_ids_to_tokens(known))
    return tokenizer


def compose(
    layout: Sequence[str],
    tokenizer: Any,
    prompt: Prompt,
    question: str,
    states: int = 0,
    response: str | None = None,
) -> Composed:
    """Compose one input (equation (4)) and, for training, its response with the end token; only the
    response carries labels.

    `states` is the number of encoder states; a layout without `states` takes 0.
    """
    special = special_ids(tokenizer)
    texts = {"instruction": prompt.instruction, "text": prompt.text(question)}
    pieces = {
        part: tokenizer(texts[part], add_special_tokens=False)["input_ids"]
        for part in layout
        if part in texts
    }
    if response is not None:
        pieces["response"] = tokenizer(response, add_special_tokens=False)["input_ids"]
    return _assemble(layout, special, pieces, states, question)


def compose_all(
    layout: Sequence[str],
    tokenizer: Any,
    prompts: Sequence[Prompt],
    questions: Sequence[str],
    states: Sequence[int],
    responses: Sequence[str],
) -> Iterator[Composed]:
    """`compose` of every example of a stage, tokenised thousands of texts at a time: a fast
    tokenizer then works on all threads that it may use.
    """
    special = special_ids(tokenizer)
    instructions: dict[str, list[int]] = {}
    for start in range(0, len(questions), TOKENISED_AT_ONCE):
        rows = range(start, min(start + TOKENISED_AT_ONCE, len(questions)))
        columns = {"response": [responses[row] for row in rows]}
        if "text" in layout:
            columns["text"] = [prompts[row].text(questions[row]) for row in rows]
        tokens = {
            part: tokenizer(texts, add_special_tokens=False)["input_ids"]
            for part, texts in columns.items()
        }
        for number, row in enumerate(rows):
            pieces = {part: ids[number] for part, ids in tokens.items()}
            if "instruction" in layout:
                text = prompts[row].instruction
                if text not in instructions:
                    instructions[text] = tokenizer(text, add_special_tokens=False)["input_ids"]
                pieces["instruction"] = instructions[text]
            yield _assemble(layout, special, pieces, states[row], questions[row])


def _assemble(
    layout: Sequence[str],
    special: tuple[int, int, int],
    pieces: Mapping[str, Sequence[int]],
    states: int,
    question: str,
) -> Composed:
    """One sequence of tokenised `pieces` (instruction, text, response); `question` is for messages
    alone.
    """
    bos, eos, _ = special
    ids: list[int] = []
    segments: list[int] = []
    for part in layout:
        if part == "bos":
            ids.append(bos)
            segments.append(TEXT)
        elif part in ("instruction", "text"):
            ids.extend(pieces[part])
            segments.extend([TEXT] * len(pieces[part]))
        elif part in ENCODER_PARTS:
            if states < 1:
                raise LinguaLiftError(
                    f"question {question[:40]!r}: the encoder gave no states; an encoder layout"
                    " needs at least one"
                )
            count = states if part == "states" else 1
            ids.extend([bos] * count)
            segments.extend([ENCODER_PARTS[part]] * count)
        else:
            raise LinguaLiftError(
                f"layout part '{part}' is unknown; known: bos, instruction, text,"
                f" {', '.join(ENCODER_PARTS)}"
            )
    labels = [IGNORE] * len(ids)
    if "response" in pieces:
        tokens = [*pieces["response"], eos]
        ids.extend(tokens)
        segments.extend([TEXT] * len(tokens))
        labels.extend(tokens)
    return Composed(
        np.asarray(ids, np.int32), np.asarray(segments, np.int32), np.asarray(labels, np.int32)
    )
