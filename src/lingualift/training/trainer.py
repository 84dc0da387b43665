"""Transformers' `Trainer` as stages use it: accumulation, mixed precision, several GPUs and
resuming come from there; the order of the examples and what is saved are ours.
"""

import logging
import shutil
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import torch
from torch.distributed.fsdp import MixedPrecisionPolicy
from transformers import Trainer, TrainingArguments

from lingualift import machine
from lingualift.artifacts import check_directory, seal_directory
from lingualift.config import LanguageModelling
from lingualift.messages import LinguaLiftError
from lingualift.model.encoder import Encoder
from lingualift.model.modeling import LinguaLiftModel
from lingualift.model.weights import module_of
from lingualift.training.batches import PlannedBatches
from lingualift.training.fit import OutOfMemory, processes
from lingualift.training.job import StageJob
from lingualift.training.progress import Progress

logger = logging.getLogger(__name__)
OPTIMISERS = {"adamw": "adamw_torch_fused", "adamw-8bit": "adamw_torch_8bit"}
"""Settings in the words of the Trainer; torchao's moments of 8 bits can be sharded."""


class StageArguments(TrainingArguments):
    """Settings of a process that trains on one device, however many it sees: Transformers would
    copy the model to all (DataParallel) and hand each a part of the micro-batches.
    """

    @property
    def n_gpu(self) -> int:
        return min(super().n_gpu, 1)


class PlannedTrainer(Trainer):
    """A Trainer that keeps the planned order, gives each module its own rate and weight decay where
    `by_module` names them, and saves only what the stage trains, sealed with checksums.

    An item of its data is what one device does of a global batch: all of its micro-batches, for
    their number differs between global batches. `encoder` makes states in the step where they are
    not stored; with `tries` the largest planned micro-batch is tried before the first step.
    """

    by_module: LanguageModelling | None = None

    def __init__(self, *, encoder: Encoder | None = None, tries: bool = False, **options: Any):
        super().__init__(**options)
        self.encoder, self.tries = encoder, tries

    def create_optimizer(self, model: Any = None) -> torch.optim.Optimizer:
        if self.by_module is not None and self.optimizer is None:
            network: Any = self.model if model is None else model
            decayed = set(self.get_decay_parameter_names(network))
            groups = parameter_groups(network, self.by_module, decayed)
            optimiser, settings = self.get_optimizer_cls_and_kwargs(self.args, network)
            self.optimizer = optimiser(groups, **settings)
        return super().create_optimizer(*([] if model is None else [model]))

    def get_batch_samples(self, epoch_iterator: Any, num_batches: int, device: Any) -> Any:
        """One global batch, and the number of labels that its mean loss is over."""
        share = next(epoch_iterator)
        return [share["micro_batches"]], share["labels"]

    def floating_point_ops(self, inputs: Any) -> int:
        """Not counted."""
        return 0

    def training_step(self, model: Any, inputs: Any, num_items_in_batch: Any = None) -> Any:
        """Accumulate the gradients of one device's micro-batches; their loss."""
        if self.tries:
            self.tries = False
            self._try_largest(model)
        losses = []
        for number, micro_batch in enumerate(inputs):
            last = number == len(inputs) - 1
            with nullcontext() if last else self._later_sum(model):
                losses.append(super().training_step(model, micro_batch, num_items_in_batch))
        return sum(losses[1:], losses[0])

    def _later_sum(self, model: Any) -> Any:
        """Sum gradients over devices once a global batch; but sharded ones at once, or each device
        would hold all of them (4 bytes a parameter) in between.
        """
        return nullcontext() if self.is_fsdp_enabled else self.accelerator.no_sync(model)

    def _try_largest(self, model: Any) -> None:
        """Compute the planned micro-batch of the most tokens beside optimiser states and gradients
        as large as they will be, and forget it: what does not fit is known before the first step.
        """
        data = self.train_dataset
        assert isinstance(data, PlannedBatches) and self.optimizer is not None
        chosen = data.largest()
        learning = [parameter for parameter in model.parameters() if parameter.requires_grad]
        moment = torch.uint8 if self.args.optim == OPTIMISERS["adamw-8bit"] else None
        held = [
            torch.empty_like(parameter, dtype=moment, requires_grad=False)
            for parameter in (() if self.optimizer.state else learning)
            for _ in ("first", "second")
        ]
        batch: Any = self._prepare_input(data.micro_batch(chosen))
        devices = [self.args.device] if self.args.device.type == "cuda" else []
        try:
            with torch.random.fork_rng(devices), self._later_sum(model):
                for _ in ("without gradients", "beside gradients"):
                    super().training_step(model, batch, data.labels(chosen))
        except torch.OutOfMemoryError:
            tokens = data.cutting.size(data.lengths[chosen])
            raise OutOfMemory(tokens, len(chosen) < 2) from None
        del held
        model.zero_grad(set_to_none=True)

    def _prepare_inputs(self, inputs: dict[str, Any]) -> dict[str, Any]:
        prepared = super()._prepare_inputs(inputs)
        if self.encoder is None or "encoder_ids" not in prepared:
            return prepared
        ids, mask = prepared.pop("encoder_ids"), prepared.pop("encoder_mask")
        return prepared | {"encoder_states": self.encoder.live(ids, mask)}

    def _get_train_sampler(self, *args: Any, **kwargs: Any) -> torch.utils.data.Sampler:
        assert isinstance(self.train_dataset, PlannedBatches)
        return torch.utils.data.SequentialSampler(self.train_dataset)

    def _save(self, output_dir: str | None = None, state_dict: dict | None = None) -> None:
        if self.args.should_save:
            self.accelerator.unwrap_model(self.model).save_pretrained(
                output_dir or self.args.output_dir, state_dict=state_dict
            )

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        began = time.monotonic()
        earlier = _checkpoints(Path(str(self.args.output_dir)))
        super()._save_checkpoint(model, trial)
        self.accelerator.wait_for_everyone()  # every process has written its part
        if self.args.should_save:
            folder = Path(str(self.args.output_dir)) / f"checkpoint-{self.state.global_step}"
            seal_directory(folder)
            for old in earlier:  # only now: a kill while writing leaves the one before
                if old != folder:
                    shutil.rmtree(old)
        for callback in self.callback_handler.callbacks:
            if isinstance(callback, Progress):
                callback.saving_took(time.monotonic() - began)

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        if self.is_fsdp_enabled:
            super()._load_from_checkpoint(resume_from_checkpoint, model)
        else:
            self.accelerator.unwrap_model(self.model).load_trained(Path(resume_from_checkpoint))


def parameter_groups(
    model: torch.nn.Module, stage: LanguageModelling, decayed: Collection[str]
) -> list[dict[str, Any]]:
    """What learns, by module, with the module's rate; of its parameters those named in `decayed`
    have its weight decay, the others (biases, norms) none.
    """
    groups: dict[tuple[str, bool], list[torch.nn.Parameter]] = {}
    for name, value in model.named_parameters():
        if value.requires_grad:
            groups.setdefault((module_of(name), name in decayed), []).append(value)
    return [
        {
            "params": values,
            "lr": stage.rates[module],
            "weight_decay": stage.decays[module] if decays else 0.0,
        }
        for (module, decays), values in groups.items()
    ]


def trainer_arguments(job: StageJob, steps: int) -> TrainingArguments:
    """The stage's settings in the Trainer's words, for `steps` steps."""
    stage, gpu = job.modelling, machine.device() == "cuda"
    sharded = shards(stage.train, processes())
    checkpointing = stage.gradient_checkpointing is True
    warming = stage.schedule == "constant" and stage.warmup
    args = StageArguments(
        output_dir=str(job.work),
        num_train_epochs=1,
        per_device_train_batch_size=1,
        learning_rate=max(stage.rates.values()),
        lr_scheduler_type="constant_with_warmup" if warming else stage.schedule,
        warmup_steps=round(stage.warmup * steps),
        weight_decay=max(stage.decays.values()),
        max_grad_norm=1.0,
        optim=OPTIMISERS[stage.optim],
        bf16=job.bf16,
        activation_checkpointing=checkpointing and not sharded,
        activation_checkpointing_kwargs={"use_reentrant": False},
        # Transformers documents True and annotates what a command line gives
        fsdp=True if sharded else None,  # type: ignore[arg-type]
        fsdp_config=(
            {
                "activation_checkpointing": checkpointing,
                "reshard_after_forward": True,
                # each process writes its part; whole, one would gather and write 108 GB at 7B, and
                # the model twice
                "state_dict_type": "SHARDED_STATE_DICT",
            }
            if sharded
            else None
        ),
        ddp_backend=None if gpu or processes() == 1 else "gloo",
        ddp_find_unused_parameters=False,
        use_cpu=not gpu,
        seed=job.seed,
        data_seed=job.seed,
        save_strategy="no",
        # a mean over several steps would start anew where an interrupted stage goes on
        logging_steps=1,
        report_to=[],
        disable_tqdm=True,
        remove_unused_columns=False,
        dataloader_num_workers=2 if gpu else 0,
        dataloader_pin_memory=gpu,
        label_names=["labels"],
    )
    if sharded and job.bf16:
        # In bfloat16, as Accelerate has it, sums over ranks and micro-batches lose small terms: the
        # output matrix' gradient was off by .6 % for .2 %.
        args.fsdp_plugin_args["mixed_precision_policy"] = MixedPrecisionPolicy(
            param_dtype=torch.bfloat16, reduce_dtype=torch.float32, output_dtype=torch.float32
        )
    return args


def shards(modules: Sequence[str], world: int) -> bool:
    """Whether the model is spread over `world` devices (FSDP): where the whole LLM learns.
    Otherwise each holds a copy (DDP).
    """
    return machine.device() == "cuda" and world > 1 and "llm" in modules


@contextmanager
def tables_in_the_root(model: LinguaLiftModel) -> Iterator[None]:
    """Keep token embeddings and output matrix in the unit of the whole model when it is sharded.

    Accelerate makes a unit of its own of what `get_input_embeddings` returns. Here the output
    matrix may be the same tensor, and the loss reads it without calling its module, so that nothing
    else than the root would gather it.
    """
    vars(model)["get_input_embeddings"] = lambda: None
    try:
        yield
    finally:
        del vars(model)["get_input_embeddings"]


def _checkpoints(work: Path) -> list[Path]:
    """Checkpoint folders, oldest first."""
    return (
        sorted(work.glob("checkpoint-*"), key=lambda folder: int(folder.name.rpartition("-")[2]))
        if work.is_dir()
        else []
    )


def last_complete_checkpoint(work: Path) -> Path | None:
    """The newest checkpoint whose files are all as they were written; damaged or unfinished ones
    are left aside.
    """
    for folder in reversed(_checkpoints(work)):
        try:
            check_directory(folder)
            return folder
        except LinguaLiftError as error:
            logger.warning("%s is not used: %s", folder, error)
    return None
