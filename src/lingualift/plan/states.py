"""Which encoder states are kept on disk and which are made in the step: by bytes, readers and cost.

A set of states belongs to one encoder and one folder of texts: a task, or one setting of
code-switching. Kept, it is made once and read by every stage; not kept, each pass of each stage
runs the frozen encoder again. States of problems are always kept: they are small, and every
system's answers read them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from lingualift import sizes
from lingualift.plan import Plan, files, requests
from lingualift.plan.inputs import encodes_questions, stage_tables
from lingualift.plan.systems import RunStage, encoder_name

# Sets below it are always kept: whatever they save, they cost nothing.
SMALL = 1e9
# What an hour of computing is worth in bytes kept: an hour of an A100 costs about as much as 20 GB
# of a cluster's disk for a month (some 2 USD for .1 USD a GB).
BYTES_AN_HOUR = 20e9


@dataclass(frozen=True)
class StateSet:
    """The states of one folder of texts: their bytes, the hours that one pass of the encoder over
    them takes, and the passes that stages make.

    `required`: a warm start reads tokens of many texts at once, so it needs them stored.
    """

    encoder: str
    folder: files.TextFolder
    size: int
    hours: float
    passes: float
    required: bool

    @property
    def saved_hours(self) -> float:
        """Hours that keeping them saves."""
        return max(self.passes - 1, 0.0) * self.hours

    def kept(self, setting: str) -> bool:
        """Whether they are stored under the setting `encoder.states`."""
        if setting != "auto" or self.required:
            return setting == "store" or self.required
        return self.size <= max(SMALL, self.saved_hours * BYTES_AN_HOUR)


@dataclass(frozen=True)
class Choice:
    """The choice of one plan: its sets by encoder and folder, and which of them are stored."""

    setting: str
    sets: Mapping[tuple[str, str], StateSet]

    @cached_property
    def stored(self) -> set[tuple[str, str]]:
        """The sets that are kept."""
        return {key for key, states in self.sets.items() if states.kept(self.setting)}

    def reads_stored(self, plan: Plan, stage: RunStage) -> bool:
        """Whether a stage reads stored states: where all that it could read are kept."""
        wanted = _wanted(plan, stage)
        return bool(wanted) and all(key in self.stored for key in wanted)


def choose(plan: Plan) -> Choice:
    """Weigh every set of states that a stage wants."""
    passes: dict[tuple[str, str], float] = {}
    required: set[tuple[str, str]] = set()
    for stage in plan.stages.values():
        for key in _wanted(plan, stage):
            passes[key] = passes.get(key, 0.0) + _passes(plan, stage)
            if stage.stage.objective == "warm-start":
                required.add(key)
    sets = {key: _states(plan, *key, passes[key], key in required) for key in passes}
    return Choice(plan.config.encoder.states, sets)


def choice_summary(plan: Plan) -> str:
    """What was chosen in one line, and how many gigabytes it keeps."""
    choice = plan.states
    kept = [states for key, states in choice.sets.items() if key in choice.stored]
    made = [states for key, states in choice.sets.items() if key not in choice.stored]
    line = (
        f"encoder states ({choice.setting}): {len(kept)} set(s) kept,"
        f" {sum(states.size for states in kept) / 1e9:,.1f} GB"
    )
    if not made:
        return line
    hours = sum(states.saved_hours for states in made)
    return line + (
        f"; {len(made)} made in the step, which spares"
        f" {sum(states.size for states in made) / 1e9:,.1f} GB for {hours:,.1f} h of computing"
    )


def _wanted(plan: Plan, stage: RunStage) -> list[tuple[str, str]]:
    """The sets of states that a stage could read: none for text, or where the encoder has learnt or
    reads whole prompts. A warm start learns from its English texts too.
    """
    if stage.encoder is None or plan.encoder_learns(stage) or not encodes_questions(plan, stage):
        return []
    folders = [folder.path for folder, _, _ in stage_tables(plan, stage)]
    if stage.stage.objective == "warm-start":
        folders.append(files.task_folder(stage.reference).path)
    return list(dict.fromkeys((encoder_name(stage.encoder), path) for path in folders))


def _passes(plan: Plan, stage: RunStage) -> float:
    """How often a stage passes over its data: epochs, of the share that is drawn."""
    if stage.stage.objective == "warm-start":
        return 1.0
    available = requests.available_example_count(plan, stage)
    return stage.stage.epochs * requests.stage_example_count(plan, stage) / max(available, 1)


def _states(plan: Plan, encoder: str, path: str, passes: float, required: bool) -> StateSet:
    folder, used = files.TextFolder.read(path), plan.encoders[encoder]
    count = requests.text_count(plan, folder)
    if folder.kind == "codeswitch":
        count *= len(plan.config.languages.alignment)
    tokens = count * requests.text_tokens(folder)
    model = requests.model_size(plan, used.source)
    size = tokens * 2 * model.width * len(used.layers or [None])
    operations = tokens * 2 * model.parameters
    speed = sizes.GPU_TRAINING if plan.config.compute.gpus else sizes.CPU_TRAINING
    return StateSet(encoder, folder, size, operations / speed / 3600, passes, required)
