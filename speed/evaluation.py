"""Evaluation speed: problems a second of this project's generation, beside what it was and beside
one-at-a-time generation, in the same run.

`python speed/evaluation.py` needs nothing but the installed package: the LLM has random
weights in the default run's shape (SmolLM2-135M), prompts have the lengths of its test problems'
encoder states, and every answer has as many tokens as `--tokens` says (random weights do not end by
themselves). Three ways are compared:

- one at a time: Transformers' own `generate`, as the paper's authors evaluate;
- before: batches of as many rows as 16,384 positions hold when each has room for `--room` new
  tokens (512 in the paper's configuration: 28 rows), whatever `evaluation.batch` says; every prompt
  is read from its first token;
- now: as many rows as memory holds, or `--batch`; what all prompts begin with is read once; on a
  processor weights are packed, and the highest logit is searched for by NumPy.

Before and now take turns for `--rounds`; what is printed of each is its median. Padding on the
right, which came later, makes both faster.

`--llm` and `--checkpoint` take real models; then answers end where they end. The share of problems
with the same tokens as one at a time is printed: all in float32, nearly all in bfloat16, whose
rounding depends on the shapes that are multiplied. All variants use the same threads, weights and
allocator, the jobs'. `cpu` is processor time, which other programs disturb less than the clock.
"""

import argparse
import copy
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import numpy as np
import torch
from transformers import AutoConfig, AutoModelForCausalLM

from lingualift.evaluation import generate as generation
from lingualift.evaluation import prefill
from lingualift.evaluation.generate import ComposedInputs, _rows, generate
from lingualift.evaluation.predict import load_for_generation
from lingualift.machine import keep_freed_memory
from lingualift.model.configuration import LinguaLiftConfig
from lingualift.model.layout import (
    END,
    IGNORE,
    START,
    STATE,
    TEXT,
    Composed,
    end_ids,
    load_tokenizer,
)
from lingualift.model.modeling import LinguaLiftModel
from lingualift.model.prepacked import pack_weights
from lingualift.model.states import States

SMOLLM2 = {
    "vocab_size": 49152,
    "hidden_size": 576,
    "intermediate_size": 1536,
    "num_hidden_layers": 30,
    "num_attention_heads": 9,
    "num_key_value_heads": 3,
    "tie_word_embeddings": True,
}
ENCODER_DIM = 640
HELD_BEFORE = 16384  # positions whose keys and values a batch could hold until memory decided


def random_model(dtype: torch.dtype) -> LinguaLiftModel:
    """The default run's LLM and alignment layer with random weights."""
    torch.manual_seed(0)
    llm = AutoModelForCausalLM.from_config(AutoConfig.for_model("llama", **SMOLLM2), dtype=dtype)
    config = LinguaLiftConfig(
        encoder={"path": "", "layer": 12}, encoder_dim=ENCODER_DIM, llm_dim=SMOLLM2["hidden_size"]
    )
    return LinguaLiftModel(config, llm).to(dtype)


def composed(problems: int, encoder_dim: int, seed: int = 0) -> tuple[list[Composed], States]:
    """Prompts of four instruction tokens and 15 to 55 encoder states, as mmwp-mini's in all
    languages.
    """
    random = np.random.default_rng(seed)
    counts = np.clip(random.gamma(12, 2.7, problems).astype(int), 15, 55)
    examples = []
    for count in counts:
        segments = np.array([TEXT] * 4 + [START] + [STATE] * count + [END], np.int32)
        examples.append(
            Composed(
                np.ones(len(segments), np.int32), segments, np.full(len(segments), IGNORE, np.int32)
            )
        )
    return examples, States.of_arrays(
        [random.normal(size=(count, encoder_dim)).astype(np.float32) for count in counts]
    )


def arguments() -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--problems", type=int, default=80)
    parser.add_argument(
        "--alone",
        type=int,
        default=16,
        help="problems answered one at a time (their speed does not depend on the number)",
    )
    parser.add_argument(
        "--tokens",
        type=int,
        default=40,
        help="longest answer; with random weights that of every answer",
    )
    parser.add_argument("--room", type=int, default=512, help="evaluation.max_new_tokens")
    parser.add_argument("--batch", type=int, help="rows (default: as many as memory holds)")
    parser.add_argument("--rounds", type=int, default=3, help="turns of before and now")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--precision", choices=["bfloat16", "float32"], default="bfloat16")
    parser.add_argument("--llm", type=Path, help="model folder; with --checkpoint, its frozen LLM")
    parser.add_argument("--checkpoint", type=Path)
    parser.add_argument("--device", default="cpu")
    return parser.parse_args()


@dataclass(frozen=True)
class Way:
    """One way to answer: a model, the rows of a batch, the search for the highest logit, and the
    positions that reading a shared beginning once must save.
    """

    model: LinguaLiftModel
    rows: int
    highest: Callable[[torch.Tensor], torch.Tensor]
    shared: float

    def answers(self, inputs: ComposedInputs, ends: tuple[int, ...], tokens: int) -> dict:
        """The tokens of every answer, by the index of its input."""
        with (
            mock.patch.object(generation, "_highest", self.highest),
            mock.patch.object(prefill, "SHARED_TOKENS", self.shared),
        ):
            return {
                index: ids
                for part in generate(self.model, inputs, ends, tokens, self.rows)
                for index, ids, _ in part
            }


def ways(model: LinguaLiftModel, inputs: ComposedInputs, asked: argparse.Namespace) -> dict:
    """Before and now, by name."""
    longest_first = inputs.longest_first()
    before = HELD_BEFORE // (len(inputs.composed[longest_first[0]]) + asked.room)
    fit = _rows(model, inputs, asked.batch, asked.room)(longest_first[0])
    packed = model
    if asked.device == "cpu":
        packed = copy.deepcopy(model)
        pack_weights(packed.llm)
    return {
        "before": Way(model, before, lambda logits: logits.argmax(-1), float("inf")),
        "now": Way(packed, fit, generation._highest, prefill.SHARED_TOKENS),
    }


def alone(
    model: LinguaLiftModel, inputs: ComposedInputs, index: int, ends: tuple[int, ...], tokens: int
) -> list[int]:
    """The answer to one problem by Transformers' own `generate`."""
    answer = model.generate(
        **inputs.batch([index], model.device),
        max_new_tokens=tokens,
        do_sample=False,
        eos_token_id=list(ends) or None,
        pad_token_id=0,
    )[0].tolist()
    stops = [index for index, token in enumerate(answer) if token in ends]
    return answer[: stops[0]] if stops else answer


def timed(work: Callable[[], dict], device: str) -> tuple[dict, np.ndarray]:
    """What `work` gives, and how many problems it answers a second, by the clock and by processor
    time.
    """

    def clocks() -> np.ndarray:
        if device != "cpu":
            torch.cuda.synchronize()
        return np.array([time.perf_counter(), time.process_time()])

    start = clocks()
    answers = work()
    return answers, len(answers) / (clocks() - start)


def main() -> None:
    asked = arguments()
    torch.set_num_threads(asked.threads)
    keep_freed_memory()
    dtype = getattr(torch, asked.precision)
    model = (
        load_for_generation(asked.checkpoint, asked.llm, dtype)
        if asked.llm
        else random_model(dtype)
    )
    model = model.to(asked.device).eval()
    ends = end_ids(load_tokenizer(asked.llm), asked.llm) if asked.llm else ()
    examples, states = composed(asked.problems, model.config.encoder_dim or ENCODER_DIM)
    inputs = ComposedInputs(examples, states, pad=0)
    print(
        f"{asked.problems} problems, {sum(map(len, examples))} prompt tokens, {asked.threads}"
        f" threads, {asked.precision}, {asked.device}"
    )
    alone(model, inputs, 0, ends, 2)
    numbers = range(min(asked.alone, asked.problems))
    single, base = timed(
        lambda: {index: alone(model, inputs, index, ends, asked.tokens) for index in numbers},
        asked.device,
    )
    print(f"one at a time   {base[0]:8.2f} problems/s   {base[1]:8.2f} problems/cpu-s")
    compared = ways(model, inputs, asked)
    measured: dict[str, list[np.ndarray]] = {name: [] for name in compared}
    answers = {}
    for _ in range(asked.rounds):
        for name, way in compared.items():
            answers[name], speed = timed(
                lambda way=way: way.answers(inputs, ends, asked.tokens), asked.device
            )
            measured[name].append(speed)
    speeds = {name: np.median(each, axis=0) for name, each in measured.items()}
    for name, way in compared.items():
        wall, cpu = speeds[name]
        same = np.mean([answers[name][index] == ids for index, ids in single.items()])
        print(
            f"{name:6} {way.rows:4d} rows {wall:8.2f} problems/s   {cpu:8.2f} problems/cpu-s  "
            f" {wall / base[0]:5.1f} x   {cpu / base[1]:5.1f} x by cpu   same tokens {same:.0%}"
        )
    wall, cpu = speeds["now"] / speeds["before"]
    print(f"now / before      {wall:.2f} x   {cpu:.2f} x by cpu")


if __name__ == "__main__":
    main()
