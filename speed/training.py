"""Training speed: tokens a second, padding, MFU and peak memory of both stages, beside a naive
reference in the same run.

`python speed/training.py` needs nothing but the installed package: models have random weights
in the default run's shapes (SmolLM2-135M, twelve layers of Gemma-3-270M), texts have random tokens
in the lengths of word problems. The reference recomputes the encoder's states in every step,
batches at random, pads to the longest, and computes logits everywhere; arithmetic and optimiser are
the same. Each variant runs in a process of its own, so that its peak memory is its own. Tokens are
real ones, without padding.

MFU: floating-point operations that the stage needs (2 a weight and token forward; as many for the
gradient of activations; as many for the gradient of weights where they learn; the output matrix at
labels alone) over what a large bfloat16 product reaches on the same device. On a processor, time is
CPU time, so that other programs disturb less. On a GPU: `--shape llama2-7b` (with mT5-xl's encoder)
or `--shape largest`, which tries shapes from the largest down and reports the first that fits.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from transformers import AutoConfig, AutoModel, AutoModelForCausalLM

from lingualift.machine import keep_freed_memory
from lingualift.model import packed
from lingualift.model.configuration import LinguaLiftConfig
from lingualift.model.layout import END, IGNORE, START, STATE, TEXT, Composed
from lingualift.model.modeling import LinguaLiftModel
from lingualift.model.states import States
from lingualift.training.batches import (
    Cutting,
    PlannedBatches,
    collate,
    padding_share,
    plan_batches,
)

LLAMA = {"model_type": "llama", "tie_word_embeddings": False, "vocab_size": 32000}
MT5_XL = {
    "model_type": "mt5",
    "vocab_size": 250112,
    "d_model": 2048,
    "d_kv": 64,
    "d_ff": 5120,
    "num_layers": 24,
    "num_heads": 32,
}
SMOLLM2 = {
    "model_type": "llama",
    "vocab_size": 49152,
    "hidden_size": 576,
    "intermediate_size": 1536,
    "num_hidden_layers": 30,
    "num_attention_heads": 9,
    "num_key_value_heads": 3,
    "tie_word_embeddings": True,
}
GEMMA3 = {
    "model_type": "gemma3_text",
    "vocab_size": 32768,
    "hidden_size": 640,
    "intermediate_size": 2048,
    "num_hidden_layers": 12,
    "num_attention_heads": 4,
    "num_key_value_heads": 1,
    "head_dim": 256,
}


def llama(hidden: int, intermediate: int, layers: int, heads: int) -> dict[str, Any]:
    """The sizes of a Llama model."""
    return {
        **LLAMA,
        "hidden_size": hidden,
        "intermediate_size": intermediate,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
    }


SHAPES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "smollm2-135m": (SMOLLM2, GEMMA3),
    "llama2-13b": (llama(5120, 13824, 40, 40), MT5_XL),
    "llama2-7b": (llama(4096, 11008, 32, 32), MT5_XL),
    "llama-3b": (llama(3200, 8640, 26, 32), MT5_XL),
    "llama-1b": (llama(2048, 5632, 22, 32), MT5_XL),
}
STAGES = {"stage 1 (alignment)": ["alignment", "boundary"], "stage 2 (LLM)": ["llm"]}
NO_ROOM = 3


def build(
    shape: str, modules: list[str], device: str, checkpointing: bool
) -> tuple[LinguaLiftModel, Any]:
    """The model with random weights, and its encoder."""
    llm_sizes, encoder_sizes = (dict(sizes) for sizes in SHAPES[shape])
    train_llm = "llm" in modules
    torch.manual_seed(0)
    with torch.device(device):
        llm_config = AutoConfig.for_model(llm_sizes.pop("model_type"), **llm_sizes)
        llm = AutoModelForCausalLM.from_config(
            llm_config, dtype=torch.float32 if train_llm else torch.bfloat16
        )
        encoder_config = AutoConfig.for_model(encoder_sizes.pop("model_type"), **encoder_sizes)
        encoder = AutoModel.from_config(encoder_config, dtype=torch.bfloat16)
        encoder = (
            encoder.get_encoder()
            if getattr(encoder_config, "is_encoder_decoder", False)
            else encoder
        )
        width = getattr(encoder_config, "d_model", None) or encoder_config.hidden_size
        config = LinguaLiftConfig(
            encoder={"path": ""}, encoder_dim=width, llm_dim=llm_config.hidden_size
        )
        model = LinguaLiftModel(config, llm)
    assert model.alignment is not None
    model.alignment.float()
    model.trainable(modules)
    if device == "cpu":
        model.llm.set_attn_implementation("eager")
    if checkpointing:
        model.activation_checkpointing_enable({"use_reentrant": False})
    return model.train(), encoder.eval().requires_grad_(False)


def texts(count: int, response: float, vocabulary: int) -> tuple[list[Composed], list[np.ndarray]]:
    """Composed sequences in the lengths of word problems (48 +- 12 encoder tokens), and their
    encoder tokens.
    """
    generator = np.random.default_rng(0)
    examples, tokens = [], []
    for _ in range(count):
        states = int(np.clip(generator.normal(48, 12), 15, 110))
        answer = int(states * response * generator.uniform(0.7, 1.3)) + 2
        segments = np.asarray(
            [TEXT] * 8 + [START] + [STATE] * states + [END] + [TEXT] * answer, np.int32
        )
        ids = generator.integers(10, vocabulary, len(segments)).astype(np.int32)
        labels = np.where(np.arange(len(ids)) >= len(ids) - answer, ids, IGNORE).astype(np.int32)
        examples.append(Composed(ids, segments, labels))
        tokens.append(generator.integers(10, 30000, states))
    return examples, tokens


def useful_operations(model: LinguaLiftModel, examples: list[Composed], train_llm: bool) -> float:
    """Floating-point operations that one pass over the examples needs; attention's products of
    tokens are left out (under 2 %).
    """
    body = sum(p.numel() for name, p in model.llm.named_parameters() if "layers." in name)
    assert model.alignment is not None
    layer = sum(p.numel() for p in model.alignment.parameters())
    head = model.embedding_table().numel()
    tokens = sum(map(len, examples))
    labels = sum(int((example.labels != IGNORE).sum()) for example in examples)
    states = sum(example.states for example in examples)
    passes = 6 if train_llm else 4
    return passes * (body * tokens + head * labels) + (2 if train_llm else 6) * layer * states


def product_rate(device: str) -> float:
    """Operations a second of a large bfloat16 product, the best of several."""
    size = 8192 if device == "cuda" else 1536
    left, right = (torch.randn(size, size, device=device).to(torch.bfloat16) for _ in range(2))
    best = 0.0
    for _ in range(8):
        began = now(device)
        _ = left @ right
        best = max(best, 2 * size**3 / (now(device) - began))
    return best


def now(device: str) -> float:
    """Seconds: CPU time on a processor, wall time on a GPU after its work is done."""
    if device == "cpu":
        return time.process_time()
    torch.cuda.synchronize()
    return time.perf_counter()


def on_device(inputs: dict[str, Any], device: torch.device) -> dict[str, Any]:
    """A micro-batch with its tensors on a device."""
    return {
        name: value.to(device) if isinstance(value, torch.Tensor) else value
        for name, value in inputs.items()
    }


Variant = tuple[list[np.ndarray], Callable[[int], torch.Tensor]]
"""Which examples each step trains, and the loss of a step."""


def as_stages_train(
    model: LinguaLiftModel, examples: list[Composed], tokens: list[np.ndarray], batch: int
) -> Variant:
    """What this project does: states from a store, batches of similar length, logits at labels."""
    device = model.device
    plan = plan_batches([len(example) for example in examples], batch, 1, 0)
    states = States.of_arrays(
        [np.zeros((len(ids), model.config.encoder_dim), np.int16) for ids in tokens]
    )
    packs = device.type == "cuda" and packed.packable(model.llm.config)
    if packs:
        model.llm.set_attn_implementation(packed.NAME)
    dataset = PlannedBatches(examples, states, plan, Cutting(2**30, 1, packs), 2)

    def loss(item: int) -> torch.Tensor:
        with torch.autocast(device.type, torch.bfloat16):
            inputs = dataset.micro_batch(plan[item], item)
            return model(**on_device(inputs, device))["loss"]

    return plan, loss


def naive(
    model: LinguaLiftModel,
    encoder: Any,
    examples: list[Composed],
    tokens: list[np.ndarray],
    batch: int,
) -> Variant:
    """The reference: the encoder runs in every step, batches are random, logits are everywhere."""
    device = model.device
    order = np.random.default_rng(0).permutation(len(examples))
    plan = [order[start : start + batch] for start in range(0, len(order), batch)]

    def encoded(chosen: np.ndarray) -> torch.Tensor:
        longest = max(len(tokens[index]) for index in chosen)
        ids, mask = np.zeros((2, len(chosen), longest), np.int64)
        for row, index in enumerate(chosen):
            ids[row, : len(tokens[index])], mask[row, : len(tokens[index])] = tokens[index], 1
        inputs, covered = torch.from_numpy(ids).to(device), torch.from_numpy(mask).to(device)
        with torch.no_grad():
            states = encoder(input_ids=inputs, attention_mask=covered).last_hidden_state
        return states[covered.bool()]

    def loss(item: int) -> torch.Tensor:
        with torch.autocast(device.type, torch.bfloat16):
            composed = collate([examples[index] for index in plan[item]], 2)
            inputs = {name: tensor.to(device) for name, tensor in composed.items()}
            return model.llm(
                inputs_embeds=model.embed(
                    inputs["input_ids"], inputs["segments"], encoded(plan[item])
                ),
                attention_mask=inputs["attention_mask"],
                labels=inputs["labels"],
            ).loss

    return plan, loss


def measure(
    shape: str, stage: str, variant: str, steps: int, batch: int, device: str, checkpointing: bool
) -> dict[str, float]:
    """Train `steps` batches after one warm-up step; the figures of this process."""
    if device == "cpu":
        keep_freed_memory()
    modules = STAGES[stage]
    model, encoder = build(shape, modules, device, checkpointing)
    vocabulary = model.embedding_table().shape[0]
    examples, tokens = texts(batch * steps, 1.0 if "llm" not in modules else 1.5, vocabulary)
    learning = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimiser = torch.optim.AdamW(learning, lr=1e-5, fused=True)
    if variant == "this project":
        plan, loss = as_stages_train(model, examples, tokens, batch)
    else:
        plan, loss = naive(model, encoder, examples, tokens, batch)

    def step(item: int) -> None:
        loss(item).backward()
        torch.nn.utils.clip_grad_norm_(learning, 1.0)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)

    step(0)
    began = now(device)
    for item in range(1, len(plan)):
        step(item)
    seconds = now(device) - began
    timed = [examples[index] for chosen in plan[1:] for index in chosen]
    gpu = device == "cuda"
    return {
        "tokens_a_second": sum(map(len, timed)) / seconds,
        "padding": padding_share([len(example) for example in examples], plan),
        "mfu": useful_operations(model, timed, "llm" in modules) / seconds / product_rate(device),
        "gigabytes": (
            (
                torch.cuda.max_memory_allocated()
                if gpu
                else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
            )
            / 1e9
        ),
    }


def run(
    shape: str, stage: str, variant: str, arguments: argparse.Namespace
) -> dict[str, float] | None:
    """`measure` in a process of its own; None where the shape does not fit the device."""
    values = [
        shape,
        stage,
        variant,
        arguments.steps,
        arguments.batch,
        arguments.device,
        arguments.checkpointing,
    ]
    done = subprocess.run(
        [sys.executable, __file__, "--measure", json.dumps(values)],
        stdout=subprocess.PIPE,
        text=True,
    )
    if done.returncode == NO_ROOM:
        return None
    if done.returncode:
        sys.exit(f"training benchmark: {variant} of {stage} ended with code {done.returncode}")
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--device", choices=["cpu", "cuda"], default="cuda" if torch.cuda.is_available() else "cpu"
    )
    parser.add_argument("--shape", choices=[*SHAPES, "largest"], default="smollm2-135m")
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--checkpointing", action="store_true", help="keep no activations")
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        try:
            print(json.dumps(measure(*json.loads(arguments.measure))))
        except torch.OutOfMemoryError:
            sys.exit(NO_ROOM)
        return
    print(
        "| shape | stage | variant | tokens/s | padding | MFU | peak memory"
        " |\n|---|---|---|---|---|---|---|"
    )
    for stage in STAGES:
        speeds = {}
        shapes = (
            [name for name in SHAPES if name != "smollm2-135m"]
            if arguments.shape == "largest"
            else [arguments.shape]
        )
        for variant in ("this project", "naive"):
            for shape in list(shapes):
                figures = run(shape, stage, variant, arguments)
                if figures is None:
                    print(f"| {shape} | {stage} | {variant} | does not fit | | | |", flush=True)
                    continue
                shapes = [shape]
                speeds[variant] = figures["tokens_a_second"]
                print(
                    f"| {shape} | {stage} | {variant} | {figures['tokens_a_second']:.0f} |"
                    f" {figures['padding']:.1%} | {figures['mfu']:.0%} |"
                    f" {figures['gigabytes']:.2f} GB |",
                    flush=True,
                )
                break
        if len(speeds) == 2:
            print(
                f"| | {stage} | speed-up | {speeds['this project'] / speeds['naive']:.2f}x | | | |",
                flush=True,
            )


if __name__ == "__main__":
    main()
