"""Questions put to a checkpoint one by one, outside a benchmark."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from lingualift.artifacts import read_json
from lingualift.evaluation.engines import TransformersEngine
from lingualift.evaluation.generate import ComposedInputs
from lingualift.evaluation.predict import ready
from lingualift.messages import LinguaLiftError, known
from lingualift.model.encoder import Encoder
from lingualift.model.layout import (
    LAYOUTS,
    Prompt,
    compose,
    end_ids,
    load_tokenizer,
    special_ids,
)
from lingualift.model.modeling import LinguaLiftModel
from lingualift.model.states import States

PROMPTS = {
    "maths": Prompt("{question}\nAnswer:", "Solve:\n"),
    "translation": Prompt("{question}\nTranslate to English:", "Translate to English:\n"),
}
"""The prompts of the default configuration, by the names that stages note."""


@dataclass(frozen=True)
class Answer:
    """What a checkpoint wrote, why it stopped (`end` or `length`), and what the encoder read of the
    question (nothing, where the question enters as text).
    """

    text: str
    stop_reason: str
    encoder_tokens: list[str]


class Checkpoint:
    """A trained model that is asked: loaded once, with the encoder where the question enters
    through one.
    """

    def __init__(
        self, folder: Path, model: LinguaLiftModel, layout: str, prompt: Prompt, room: int
    ) -> None:
        self.folder, self.model, self.layout, self.prompt = folder, model, layout, prompt
        llm = Path(model.config.llm["path"])
        self.tokenizer = load_tokenizer(llm)
        self.ends = end_ids(self.tokenizer, llm)
        self.room = room
        self.encoder: Encoder | None = None
        if (noted := model.config.encoder) is not None:
            self.encoder = Encoder(
                noted["path"],
                noted["layer"],
                model.embedding_table().dtype,
                model.device.type,
                model.encoder,
                noted.get("split_digits", False),
            )

    @classmethod
    def load(
        cls,
        folder: Path,
        dtype: torch.dtype,
        device: str,
        prompt: Prompt | None = None,
        max_new_tokens: int = 128,
        llm: Path | None = None,
        encoder: Path | None = None,
    ) -> "Checkpoint":
        """The checkpoint in `folder`; `prompt` replaces that of its last stage, `llm` and `encoder`
        say where the frozen models lie now.
        """
        noted = asked_as(folder)
        model = LinguaLiftModel.from_pretrained(folder, dtype=dtype, llm=llm, encoder=encoder)
        torch.nn.Module.to(ready(model), torch.device(device))
        if model.config.encoder is not None:
            model.add_encoder(dtype)
        layout = known(noted.input, LAYOUTS, "input", f"{folder}/stage.json")
        return cls(folder, model, layout, prompt or noted.prompt(folder), max_new_tokens)

    def answer(self, question: str) -> Answer:
        """The greedy answer. A question that is empty, or longer than the encoder or the LLM has
        positions for, is a `LinguaLiftError`.
        """
        if not question.strip():
            raise LinguaLiftError("the question is empty")
        states, tokens = None, []
        if self.encoder is not None:
            read = self.prompt.encoded(self.layout, question)
            tokens = self.encoder.tokenize.fitting(read)
            states = States.of_arrays(self.encoder.states([read]))
        count = 0 if states is None else int(states.counts()[0])
        composed = compose(LAYOUTS[self.layout], self.tokenizer, self.prompt, question, count)
        held = getattr(self.model.llm.config.get_text_config(), "max_position_embeddings", None)
        if held is not None and len(composed) + self.room > held:
            raise LinguaLiftError(
                f"the question takes {len(composed)} positions and its answer up to {self.room};"
                f" the LLM has {held}: ask a shorter one"
            )
        inputs = ComposedInputs([composed], states, special_ids(self.tokenizer)[2])
        engine = TransformersEngine(self.model, 1)
        ((_, ids, reason),) = next(iter(engine.answer(inputs, self.ends, self.room)))
        text = self.tokenizer.decode(ids, skip_special_tokens=True)
        return Answer(text.strip(), reason, tokens)


@dataclass(frozen=True)
class AskedAs:
    """How the last stage of a checkpoint asks: its layout, and the name of its prompt."""

    input: str
    name: str | None

    def prompt(self, folder: Path) -> Prompt:
        """The text of that prompt, where the default configuration has it."""
        if self.name not in PROMPTS:
            raise LinguaLiftError(
                f"{folder}: its last stage asks with the prompt '{self.name}', whose text it does"
                " not note; give it (--prompt, and --instruction if it has one)"
            )
        return PROMPTS[self.name]


def asked_as(folder: Path) -> AskedAs:
    """What a checkpoint's `stage.json` says of its prompt; of another kind of folder an error."""
    record = folder / "stage.json"
    if not (folder / "config.json").is_file() or not record.is_file():
        raise LinguaLiftError(
            f"{folder}: no checkpoint of LinguaLIFT (config.json and stage.json); those of a run"
            " are in results/checkpoints"
        )
    settings: dict[str, Any] = read_json(record).get("provenance", {}).get("settings", {})
    stage = settings.get("stage", {})
    prompts = stage.get("prompt")
    name = prompts[0] if isinstance(prompts, list) and prompts else prompts
    return AskedAs(stage.get("input") or settings.get("input", ""), name)
