"""Evaluation speed: problems a second of this project's generation, beside what it was and beside
one-at-a-time generation, in the same run.

`python speed/evaluation.py` needs nothing but the installed package: the LLM has random
weights in the default run's shape (SmolLM2-135M), prompts have the lengths of its test problems'
encoder states, and every answer has as many tokens as `--tokens` says (random weights do not end by
themselves). Three ways are compared:

- one at a time: Transformers' own `generate`, as the paper's authors evaluate;
- before: batches of as many rows as 16,384 positions hold when each has room for `--room` new
  tokens (512 in the paper's configuration: 28 rows), whatever `evaluation.batch` says;
- now: as many rows as memory holds, or `--batch`; on a processor weights are packed, and the
  highest logit is searched for by NumPy.

`--llm` and `--checkpoint` take real models; then answers end where they end. The share of problems
with the same tokens as one at a time is printed: all in float32, nearly all in bfloat16, whose
rounding depends on the shapes that are multiplied. All variants use the same threads and weights.
`cpu` is processor time, which other programs disturb less than the clock.
"""

import argparse
import time
from pathlib import Path
from unittest import mock

import numpy as np
import torch
from transformers import AutoConfig, AutoModelForCausalLM

from lingualift.evaluation import generate as generation
from lingualift.evaluation.generate import ComposedInputs, _rows, generate
from lingualift.evaluation.predict import load_for_generation
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
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--precision", choices=["bfloat16", "float32"], default="bfloat16")
    parser.add_argument("--llm", type=Path, help="model folder; with --checkpoint, its frozen LLM")
    parser.add_argument("--checkpoint", type=Path)
    parser.add_argument("--device", default="cpu")
    return parser.parse_args()


def main() -> None:
    asked = arguments()
    torch.set_num_threads(asked.threads)
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

    def clock() -> tuple[float, float]:
        if asked.device != "cpu":
            torch.cuda.synchronize()
        return time.perf_counter(), time.process_time()

    def alone(index: int) -> list[int]:
        answer = model.generate(
            **inputs.batch([index], model.device),
            max_new_tokens=asked.tokens,
            do_sample=False,
            eos_token_id=list(ends) or None,
            pad_token_id=0,
        )[0].tolist()
        stops = [index for index, token in enumerate(answer) if token in ends]
        return answer[: stops[0]] if stops else answer

    alone(0)
    start = clock()
    single = {index: alone(index) for index in range(min(asked.alone, asked.problems))}
    wall, cpu = (b - a for a, b in zip(start, clock(), strict=True))
    base = len(single) / wall, len(single) / cpu
    print(
        f"{asked.problems} problems, {sum(map(len, examples))} prompt tokens, {asked.threads}"
        f" threads, {asked.precision}, {asked.device}"
    )
    print(f"one at a time   {base[0]:8.2f} problems/s   {base[1]:8.2f} problems/cpu-s")
    longest = max(map(len, examples))
    before = HELD_BEFORE // (longest + asked.room)
    fit = _rows(model, inputs, asked.batch, asked.room)(inputs.longest_first()[0])
    ways = {
        "before": (before, lambda logits: logits.argmax(-1)),
        "now": (fit, generation._highest),
    }
    speeds: dict[str, tuple[float, float]] = {}
    for way, (rows, highest) in ways.items():
        if way == "now" and asked.device == "cpu":
            pack_weights(model.llm)
        with mock.patch.object(generation, "_highest", highest):
            start = clock()
            answers = {
                index: ids
                for part in generate(model, inputs, ends, asked.tokens, rows)
                for index, ids, _ in part
            }
            wall, cpu = (b - a for a, b in zip(start, clock(), strict=True))
        speeds[way] = asked.problems / wall, asked.problems / cpu
        same = np.mean([answers[index] == ids for index, ids in single.items()])
        print(
            f"{way:6} {rows:4d} rows {speeds[way][0]:8.2f} problems/s   {speeds[way][1]:8.2f}"
            f" problems/cpu-s   {speeds[way][0] / base[0]:5.1f} x   {speeds[way][1] / base[1]:5.1f}"
            f" x by cpu   same tokens {same:.0%}"
        )
    clocks = zip(speeds["now"], speeds["before"], strict=True)
    print(
        "now / before      {:.2f} x   {:.2f} x by cpu".format(*(now / then for now, then in clocks))
    )


if __name__ == "__main__":
    main()
