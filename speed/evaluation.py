"""Evaluation speed: problems a second of this project's generation, beside one-at-a-time generation
in the same run.

`python speed/evaluation.py` needs nothing but the installed package: the LLM has random
weights in the default run's shape (SmolLM2-135M), prompts have the lengths of its test problems'
encoder states, and every answer has as many tokens as `--tokens` says (random weights do not end by
themselves). One at a time means Transformers' own `generate` with a batch of one problem, as the
paper's authors evaluate. `--llm` and `--checkpoint` take real models; then answers end where they
end, and the share of problems with the same tokens either way is printed: all in float32, nearly
all in bfloat16, whose rounding depends on the shapes that are multiplied.

Both variants use the same threads and weights. `cpu` is processor time, which other programs
disturb less than the clock.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from transformers import AutoConfig, AutoModelForCausalLM

from lingualift.evaluation.generate import generate, prompts
from lingualift.evaluation.predict import load_for_generation
from lingualift.model.layout import END, IGNORE, START, STATE, TEXT, Composed
from lingualift.model.modeling import LinguaLiftConfig, LinguaLiftModel
from lingualift.model.states import States

SMOLLM2 = {
    "vocab_size": 49152, "hidden_size": 576, "intermediate_size": 1536, "num_hidden_layers": 30, "num_attention_heads": 9,
    "num_key_value_heads": 3, "tie_word_embeddings": True,
}  # fmt: skip
ENCODER_DIM = 640


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


def main() -> None:
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
    parser.add_argument("--batch", type=int, nargs="+", default=[16, 40, 80])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--precision", choices=["bfloat16", "float32"], default="bfloat16")
    parser.add_argument("--llm", type=Path, help="model folder; with --checkpoint, its frozen LLM")
    parser.add_argument("--checkpoint", type=Path)
    parser.add_argument("--device", default="cpu")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    dtype = getattr(torch, given.precision)
    model = (
        load_for_generation(given.checkpoint, given.llm, dtype)
        if given.llm
        else random_model(dtype)
    )
    model = model.to(given.device).eval()
    eos = model.llm.config.eos_token_id if given.llm else -1
    examples, states = composed(given.problems, model.config.encoder_dim or ENCODER_DIM)

    def clock() -> tuple[float, float]:
        if given.device != "cpu":
            torch.cuda.synchronize()
        return time.perf_counter(), time.process_time()

    def alone(index: int) -> list[int]:
        (inputs,) = prompts(model, examples, states, [index], 0)
        found = model.generate(
            **inputs,
            max_new_tokens=given.tokens,
            do_sample=False,
            eos_token_id=None if eos < 0 else eos,
            pad_token_id=0,
        )[0].tolist()
        return found[: found.index(eos)] if eos in found else found

    alone(0)
    start = clock()
    single = {index: alone(index) for index in range(min(given.alone, given.problems))}
    wall, cpu = (b - a for a, b in zip(start, clock(), strict=True))
    base = len(single) / wall, len(single) / cpu
    print(
        f"{given.problems} problems, {sum(map(len, examples))} prompt tokens, {given.threads}"
        f" threads, {given.precision}, {given.device}"
    )
    print(f"one at a time   {base[0]:8.2f} problems/s   {base[1]:8.2f} problems/cpu-s")
    for batch in given.batch:
        start = clock()
        found = {
            index: ids
            for part in generate(model, examples, states, eos, 0, given.tokens, batch)
            for index, ids, _ in part
        }
        wall, cpu = (b - a for a, b in zip(start, clock(), strict=True))
        speed = given.problems / wall, given.problems / cpu
        same = np.mean([found[index] == ids for index, ids in single.items()])
        print(
            f"batches of {batch:4d} {speed[0]:8.2f} problems/s   {speed[1]:8.2f} problems/cpu-s  "
            f" {speed[0] / base[0]:5.1f} x   {speed[1] / base[1]:5.1f} x by cpu   same tokens"
            f" {same:.0%}"
        )


if __name__ == "__main__":
    main()
