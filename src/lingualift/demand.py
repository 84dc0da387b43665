"""What a training stage holds in a GPU's memory: arithmetic that chooses micro-batches, refuses
what can never fit, and fills the table of docs/scaling.md.

The figures of a device are bytes that stay (weights, gradients, moments) and bytes for each token
of a micro-batch. The largest planned one is tried before the first step all the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from lingualift.messages import LinguaLiftError
from lingualift.sizes import ACTIVATIONS, ModelSize

# Context, kernels' workspaces, logits of a chunk, and what the allocator cannot use of free memory.
OTHER_BYTES = 2e9
USABLE = 0.93
# Of a sharded LLM, what is gathered at once: its tables and two layers, a twelfth of 7 and of 13 B
# parameters, in bfloat16 and as float32 gradients.
GATHERED, GATHERED_BYTES = 1 / 12, 6
ADAPTERS = (
    0.006  # of the parameters: rank 16 on every linear layer of LLaMA-2 (40 of 6,740 million)
)
MOMENTS = {"adamw": 8, "adamw-8bit": 2}
"""Bytes a parameter of the optimiser's two moments."""
FOUR_BITS = 0.56  # bytes a parameter in NF4, scales and the tables in 16 bits included


@dataclass(frozen=True)
class TrainingSetup:
    """What of a stage decides its demand: the modules that learn, the settings of memory, the GPUs
    that share it, and the parameters of an encoder that runs in the step (0: states are stored).
    """

    modules: tuple[str, ...]
    gpus: int = 1
    checkpointing: bool = False
    optim: str = "adamw"
    four_bit: bool = False
    encoder: int = 0

    @property
    def whole(self) -> bool:
        """Whether all of the LLM learns."""
        return "llm" in self.modules


def fixed_bytes(llm: ModelSize, training: TrainingSetup) -> float:
    """Bytes of a GPU that do not depend on the micro-batch: 4 of weights, 4 of gradients and the
    moments for each parameter that learns, 2 for each that does not.

    On one GPU autocast keeps a bfloat16 copy of what learns; several share what learns (FSDP) and
    gather a layer at a time.
    """
    learnt = 8 + MOMENTS[training.optim]
    encoder = training.encoder * (learnt if "encoder" in training.modules else 2)
    if training.whole and training.gpus > 1:
        of_llm = llm.parameters * (learnt / training.gpus + GATHERED * GATHERED_BYTES)
    elif training.whole:
        of_llm = llm.parameters * (learnt + 2)
    else:
        of_llm = llm.parameters * (FOUR_BITS if training.four_bit else 2)
        of_llm += llm.parameters * ADAPTERS * learnt if "llm-lora" in training.modules else 0
    return of_llm + encoder + OTHER_BYTES


def token_bytes(llm: ModelSize, training: TrainingSetup) -> float:
    """Bytes of a GPU for each token of a micro-batch: what every layer keeps for the backward pass,
    or with checkpointing its input, and all of one layer.
    """
    if not training.checkpointing:
        return llm.activations(1, ACTIVATIONS)
    return llm.activations(1, 1) + 2 * ACTIVATIONS * llm.width


def tokens_that_fit(llm: ModelSize, training: TrainingSetup, memory: float) -> int:
    """Tokens of a micro-batch for which `memory` bytes of a GPU suffice (0: not even one)."""
    free = USABLE * memory - fixed_bytes(llm, training)
    return max(0, int(free / token_bytes(llm, training)))


def needed_bytes(llm: ModelSize, training: TrainingSetup, tokens: int) -> float:
    """Bytes of a GPU's memory that a micro-batch of so many tokens asks for."""
    return (fixed_bytes(llm, training) + tokens * token_bytes(llm, training)) / USABLE


def refuse_what_cannot_fit(
    stage: str,
    llm: ModelSize,
    training: TrainingSetup,
    tokens: int,
    memory: float,
    recomputes: bool,
) -> None:
    """Raise `LinguaLiftError` where an example of `tokens` tokens can never fit `memory` bytes of a
    GPU, with its bytes and up to three settings that would make it fit.

    `recomputes`: the stage may compute activations again.
    """
    least = replace(training, checkpointing=True) if recomputes else training
    if (needed := needed_bytes(llm, least, tokens)) <= memory:
        return
    fitting = remedies(llm, training, tokens, memory)
    settings = [f"{name} ({size / 1e9:.0f} GB)" for name, size in fitting]
    raise LinguaLiftError(
        f"stage '{stage}': an example of {tokens} tokens needs about {needed / 1e9:.0f} GB of a"
        f" GPU's memory, this one has {memory / 1e9:.0f} GB; "
        + (f"set {', or '.join(settings)}" if settings else "use a smaller LLM")
    )


def remedies(
    llm: ModelSize, training: TrainingSetup, tokens: int, memory: float
) -> Sequence[tuple[str, float]]:
    """Up to three changes of settings with which a micro-batch of `tokens` tokens fits `memory`
    bytes, each with what it then needs; the least intrusive first.
    """
    again = replace(training, checkpointing=True)
    small = replace(again, optim="adamw-8bit")
    adapters = tuple("llm-lora" if name == "llm" else name for name in training.modules)
    lora = replace(again, modules=adapters)
    tried: list[tuple[str, TrainingSetup]] = [("gradient_checkpointing: true", again)]
    if training.whole:
        tried += [
            (f"compute.gpus: {count}", replace(again, gpus=count))
            for count in (2, 4, 8, 16)
            if count > training.gpus
        ]
        tried.append(("optim: adamw-8bit", small))
        tried.append(("train: [llm-lora] instead of llm", lora))
    if set(adapters) & {"llm-lora"}:
        tried.append(("train: [llm-lora] with four_bit: true", replace(lora, four_bit=True)))
    fitting = [(name, needed_bytes(llm, change, tokens)) for name, change in tried]
    fitting = [(name, needed) for name, needed in fitting if needed <= memory]
    more_gpus = [entry for entry in fitting if entry[0].startswith("compute.gpus")]
    return [entry for entry in fitting if entry not in more_gpus[1:]][:3]
