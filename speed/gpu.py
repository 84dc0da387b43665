"""What a GPU does with this project's own code: rates, memory and agreement with the processor.

    python speed/gpu.py                    all sections, ten minutes on one large GPU
    python speed/gpu.py packing memory     some of them
    python speed/gpu.py --tiny             all of them at toy sizes on a processor, in seconds

Models have random weights in published shapes, texts random tokens. Each figure is a line of a
table that can go into docs/scaling.md. A section ends in a minute or two; one that fails or does
not fit says so, and the next goes on.
"""

import argparse
import gc
import math
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import torch
from transformers import AutoConfig, AutoModelForCausalLM, MT5Config, MT5EncoderModel

from lingualift.demand import TrainingSetup, needed_bytes
from lingualift.evaluation.generate import greedy
from lingualift.model import packed
from lingualift.model.configuration import LinguaLiftConfig
from lingualift.model.layout import END, IGNORE, START, STATE, TEXT, Composed
from lingualift.model.loss import response_loss
from lingualift.model.modeling import LinguaLiftModel
from lingualift.model.states import States
from lingualift.sizes import ModelSize
from lingualift.training.batches import Cutting, PlannedBatches, plan_batches

SHAPES = {
    "13b": (32000, 5120, 13824, 40, 40, 40),
    "7b": (32000, 4096, 11008, 32, 32, 32),
    "1.7b": (49152, 2048, 8192, 24, 32, 32),
    "0.5b": (151936, 896, 4864, 24, 14, 2),
}
"""Vocabulary, width, inner width, layers, heads, heads of keys: LLaMA-2, SmolLM2, Qwen2.5."""
TINY = (96, 32, 48, 2, 4, 2)
ENCODER_WIDTH = 2048  # of mT5-xl
STATES = 75  # of a question


@dataclass
class Bench:
    """Where and how large everything is measured, and the lines that it gave."""

    device: str
    tiny: bool
    lines: list[tuple[str, str, str]] = field(default_factory=list)

    def say(self, section: str, what: str, figure: str) -> None:
        """Print a line of the table at once."""
        self.lines.append((section, what, figure))
        print(f"| {section} | {what} | {figure} |", flush=True)

    def size(self, large: int, small: int) -> int:
        """A size on a GPU, or at a toy's."""
        return small if self.tiny else large

    def seconds(self, work: Callable[[], Any], repeats: int = 5) -> float:
        """Mean seconds of `work` after one call that warms it up."""
        work()
        self._wait()
        began = time.perf_counter()
        for _ in range(1 if self.tiny else repeats):
            work()
        self._wait()
        return (time.perf_counter() - began) / (1 if self.tiny else repeats)

    def _wait(self) -> None:
        if self.device == "cuda":
            torch.cuda.synchronize()

    def peak(self) -> float:
        """Gigabytes of the device's memory at most since `fresh`; 0 on a processor."""
        return torch.cuda.max_memory_allocated() / 1e9 if self.device == "cuda" else 0.0

    @contextmanager
    def fresh(self) -> Iterator[None]:
        """Begin and end with an empty device."""
        self._clear()
        yield
        self._clear()

    def _clear(self) -> None:
        gc.collect()
        if self.device == "cuda":
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats()


def build(bench: Bench, shape: str, modules: list[str], packs: bool = True) -> LinguaLiftModel:
    """A model of random weights whose `modules` learn, on the device."""
    vocabulary, width, inner, layers, heads, keys = TINY if bench.tiny else SHAPES[shape]
    torch.manual_seed(0)
    config = AutoConfig.for_model(
        "llama",
        vocab_size=vocabulary,
        hidden_size=width,
        intermediate_size=inner,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        num_key_value_heads=keys,
        tie_word_embeddings=shape in ("1.7b", "0.5b"),
    )
    whole = torch.float32 if "llm" in modules else torch.bfloat16
    with torch.device(bench.device):
        llm = AutoModelForCausalLM.from_config(config, dtype=whole)
        states = LinguaLiftConfig(
            encoder={"path": ""}, encoder_dim=bench.size(ENCODER_WIDTH, 16), llm_dim=width
        )
        model = LinguaLiftModel(states, llm)
    assert model.alignment is not None
    model.alignment.float()
    model.boundary.data = model.boundary.data.float()
    model.trainable(modules)
    model.llm.set_attn_implementation(packed.NAME if packs else "sdpa")
    return model.train()


def examples(bench: Bench, count: int, mean: int) -> tuple[list[Composed], States]:
    """Sequences of lengths like MetaMathQA's (a mean, and a tail of six times as much), and the
    stored states of their questions.
    """
    generator = np.random.default_rng(0)
    drawn = generator.lognormal(math.log(mean) - 0.1, 0.45, count)
    lengths = drawn.clip(mean / 4, 6 * mean).astype(int)
    states = max(1, min(STATES, mean // 4))
    composed = []
    for length in lengths:
        text = max(2, int(length) - states - 2)
        segments = np.asarray([START] + [STATE] * states + [END] + [TEXT] * text, np.int32)
        ids = generator.integers(3, TINY[0], len(segments)).astype(np.int32)
        labelled = np.arange(len(ids)) >= states + 2
        composed.append(Composed(ids, segments, np.where(labelled, ids, IGNORE).astype(np.int32)))
    width = bench.size(ENCODER_WIDTH, 16)
    stored = [np.zeros((states, width), np.int16) for _ in composed]
    return composed, States.of_arrays(stored)


def batches(bench: Bench, count: int, mean: int, tokens: int, packs: bool = True) -> PlannedBatches:
    """Micro-batches of at most `tokens` tokens as a stage plans them."""
    composed, states = examples(bench, count, mean)
    plan = plan_batches([len(example) for example in composed], count, 1, 0)
    return PlannedBatches(composed, states, plan, Cutting(tokens, 1, packs), 2)


def placed(bench: Bench, batch: dict[str, Any]) -> dict[str, Any]:
    """A micro-batch on the device."""
    return {
        name: value.to(bench.device) if isinstance(value, torch.Tensor) else value
        for name, value in batch.items()
    }


def operations(model: LinguaLiftModel, data: PlannedBatches, passes: int) -> float:
    """Floating-point operations that training needs for all of the data: `passes` a parameter and
    token, the output matrix at labels alone.
    """
    body = sum(p.numel() for name, p in model.llm.named_parameters() if "layers." in name)
    labels = data.labels(np.arange(len(data.examples)))
    return passes * (body * float(data.lengths.sum()) + model.embedding_table().numel() * labels)


def loss_and_backward(bench: Bench, model: LinguaLiftModel, batch: dict[str, Any]) -> None:
    """Gradients of a micro-batch in bfloat16."""
    with torch.autocast(bench.device, torch.bfloat16):
        loss = model(**batch)["loss"]
    loss.backward()


def rates(bench: Bench) -> None:
    """What the device reaches at best: a product of matrices, a copy, a launch."""
    size = bench.size(8192, 256)
    left, right = (torch.randn(size, size, device=bench.device).bfloat16() for _ in range(2))
    product = bench.seconds(lambda: left @ right, 20)
    bench.say("rates", "product in bfloat16", f"{2 * size**3 / product / 1e12:.3g} TFLOP/s")
    source = torch.empty(bench.size(2**32, 2**20), dtype=torch.uint8, device=bench.device)
    target = torch.empty_like(source)
    copied = bench.seconds(lambda: target.copy_(source))
    bench.say("rates", "copy, read and write", f"{2 * len(source) / copied / 1e12:.3g} TB/s")
    small = torch.zeros(8, device=bench.device)
    launched = bench.seconds(lambda: [small.add_(1) for _ in range(1000)])
    bench.say("rates", "launch", f"{launched * 1e3:.3g} us")


def agreement(bench: Bench) -> None:
    """The loss with its gradients, and packed attention, beside a processor's in float32."""
    torch.manual_seed(0)
    hidden, weight = torch.randn(300, 64), torch.randn(500, 64)
    goal = torch.randint(500, (300,))
    found, exact = (
        [tensor.to(place).requires_grad_() for tensor in (hidden.clone(), weight.clone())]
        for place in (bench.device, "cpu")
    )
    response_loss(*found, None, goal.to(bench.device)).backward()
    torch.nn.functional.cross_entropy(exact[0] @ exact[1].T, goal, reduction="sum").backward()
    errors = [_error(one.grad, other.grad) for one, other in zip(found, exact, strict=True)]
    bench.say("agreement", "gradients of the loss", f"{max(errors):.1e}")
    starts = torch.tensor([0, 17, 40, 128], dtype=torch.int32)
    query, key, value = (torch.randn(128, heads, 64) for heads in (8, 8, 8))
    expected = packed._one_by_one(query, key, value, starts.tolist(), None, None)
    lengths = {"cu_seq_lens_q": starts.to(bench.device), "max_length_q": 88}
    rows = [
        tensor.transpose(0, 1)[None].to(bench.device, torch.bfloat16)
        for tensor in (query, key, value)
    ]
    mixed, _ = packed.packed_attention(torch.nn.Module(), *rows, None, **lengths)
    bench.say("agreement", "packed attention in bfloat16", f"{_error(mixed[0], expected):.1e}")


def _error(found: Any, exact: Any) -> float:
    difference = found.detach().float().cpu() - exact.detach().float()
    return float(difference.norm() / exact.detach().float().norm())


def packing(bench: Bench) -> None:
    """Tokens a second of the same examples, packed and padded, at one bound of tokens."""
    speeds = []
    for packs, name in ((True, "packed"), (False, "padded")):
        with bench.fresh():
            speeds.append(_epoch_speed(bench, "1.7b", packs))
            bench.say("packing", f"1.7b, all weights, {name}", f"{speeds[-1]:,.0f} tokens/s")
    bench.say("packing", "speed-up", f"{speeds[0] / speeds[1]:.2f}x")


def _epoch_speed(bench: Bench, shape: str, packs: bool) -> float:
    model = build(bench, shape, ["llm"], packs)
    count, mean, tokens = bench.size(256, 24), bench.size(310, 24), bench.size(16_384, 200)
    data = batches(bench, count, mean, tokens, packs)
    inputs = [placed(bench, data.micro_batch(chosen)) for chosen in data.micro_batches]

    def work() -> None:
        for batch in inputs:
            loss_and_backward(bench, model, batch)
        model.zero_grad()

    return float(data.lengths.sum()) / bench.seconds(work, 2)


def training(bench: Bench) -> None:
    """Speed and memory of both stages at published shapes, beside the arithmetic of `demand`."""
    cases: list[tuple[str, list[str], bool, int]] = [
        ("7b", ["alignment", "boundary"], False, 6_000),
        ("7b", ["llm"], True, 8_000),
        ("7b", ["llm-lora"], False, 6_000),
        ("1.7b", ["llm"], False, 16_000),
        ("0.5b", ["llm"], False, 32_000),
    ]
    for shape, modules, checkpointing, tokens in cases:
        name = f"{shape}, {'+'.join(modules)}" + (", computed again" if checkpointing else "")
        with bench.fresh():
            try:
                _train(bench, name, modules, checkpointing, bench.size(tokens, 200))
            except torch.OutOfMemoryError:
                bench.say("training", name, "does not fit")


def _train(bench: Bench, name: str, modules: list[str], checkpointing: bool, tokens: int) -> None:
    shape = name.partition(",")[0]
    model = build(bench, shape, modules)
    if checkpointing:
        model.activation_checkpointing_enable({"use_reentrant": False})
    data = batches(bench, bench.size(64, 12), bench.size(310, 24), tokens)
    largest = data.largest()
    batch = placed(bench, data.micro_batch(largest))
    learning = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimiser = torch.optim.AdamW(learning, lr=1e-6, fused=True)

    def work() -> None:
        loss_and_backward(bench, model, batch)
        optimiser.step()
        optimiser.zero_grad()

    seconds = bench.seconds(work, 3)
    count = int(data.lengths[largest].sum())
    share = count / float(data.lengths.sum())
    needed = operations(model, data, 6 if "llm" in modules else 4) * share / seconds / 1e12
    size = ModelSize(model.llm.num_parameters(), model.config.llm_dim)
    computed = needed_bytes(size, TrainingSetup(tuple(modules), 1, checkpointing), count) / 1e9
    bench.say(
        "training",
        f"{name}, {count} tokens",
        f"{count / seconds:,.0f} tokens/s, {needed:.3g} TFLOP/s, {bench.peak():.1f} GB"
        f" (computed {computed:.1f})",
    )


def memory(bench: Bench) -> None:
    """What every further token of a micro-batch takes, with activations kept and computed again."""
    for checkpointing in (False, True):
        with bench.fresh():
            model = build(bench, "1.7b", ["alignment", "boundary"])
            if checkpointing:
                model.activation_checkpointing_enable({"use_reentrant": False})
            peaks = []
            for count in (bench.size(2_000, 60), bench.size(8_000, 120)):
                data = batches(bench, 1, count, 2**30)
                tokens = int(data.lengths.sum())
                with bench.fresh():
                    loss_and_backward(bench, model, placed(bench, data.micro_batch(data.plan[0])))
                    peaks.append((tokens, bench.peak()))
                model.zero_grad()
            (few, low), (many, high) = peaks
            name = "computed again" if checkpointing else "kept"
            each = (high - low) * 1e3 / max(many - few, 1)
            bench.say("memory", f"1.7b, activations {name}", f"{each:.2f} MB a token")


@torch.inference_mode()
def generation(bench: Bench) -> None:
    """Milliseconds of a step of decoding by rows, at 7B."""
    with bench.fresh():
        model = build(bench, "7b", ["alignment"], packs=False).to(torch.bfloat16).eval()
        for rows in (bench.size(25, 2), bench.size(128, 3), bench.size(256, 4)):
            few, many = 1, bench.size(41, 3)
            times = [_answering(bench, model, rows, steps) for steps in (few, many)]
            a_step = (times[1] - times[0]) / (many - few)
            bench.say("generation", f"7b, {rows} rows", f"{a_step * 1e3:.3g} ms a step")


def _answering(bench: Bench, model: LinguaLiftModel, rows: int, steps: int) -> float:
    data = batches(bench, rows, bench.size(130, 20), 2**30, packs=False)
    batch = placed(bench, data.micro_batch(data.plan[0]))
    del batch["labels"]
    return bench.seconds(lambda: greedy(model, [batch], [-1], steps), 1)


@torch.inference_mode()
def encoding(bench: Bench) -> None:
    """Tokens a second of mT5-xl's encoder, by the tokens of a batch."""
    sizes = {"vocab_size": 250112, "d_model": 2048, "d_kv": 64, "d_ff": 5120, "num_layers": 24}
    small = {"vocab_size": 96, "d_model": 32, "d_kv": 8, "d_ff": 48, "num_layers": 2}
    config = MT5Config(**(small if bench.tiny else sizes), num_heads=bench.size(32, 4))
    with bench.fresh():
        with torch.device(bench.device):
            encoder = MT5EncoderModel._from_config(config, dtype=torch.bfloat16).eval()
        for tokens in (bench.size(2_048, 60), bench.size(16_384, 120)):
            ids = torch.randint(3, 90, (tokens // 60, 60), device=bench.device)
            seconds = bench.seconds(partial(encoder, ids, torch.ones_like(ids)))
            bench.say("encoding", f"mt5-xl, {tokens} tokens", f"{tokens / seconds:,.0f} tokens/s")


SECTIONS: dict[str, Callable[[Bench], None]] = {
    "rates": rates,
    "agreement": agreement,
    "packing": packing,
    "training": training,
    "memory": memory,
    "generation": generation,
    "encoding": encoding,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the sections that are asked for; the exit code is 1 where one of them failed."""
    parser = argparse.ArgumentParser(
        prog="python speed/gpu.py", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=", ".join(SECTIONS))
    parser.add_argument("--tiny", action="store_true", help="toy sizes, on a processor")
    options = parser.parse_args(arguments)
    unknown = [name for name in options.sections if name not in SECTIONS]
    if unknown:
        parser.error(f"unknown section '{unknown[0]}'; there are {', '.join(SECTIONS)}")
    if not options.tiny and not torch.cuda.is_available():
        parser.error("needs a GPU; --tiny runs on a processor")
    bench = Bench("cpu" if options.tiny else "cuda", options.tiny)
    where = "a processor" if options.tiny else torch.cuda.get_device_name(0)
    print(f"torch {torch.__version__} on {where}\n\n| section | what | figure |\n|---|---|---|")
    failed = False
    for name in options.sections or SECTIONS:
        try:
            SECTIONS[name](bench)
        except Exception as error:
            failed = True
            line = f"{type(error).__name__}: {error}".splitlines()[0]
            bench.say(name, "failed", line[:200])
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
