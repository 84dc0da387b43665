"""What a configuration can give of the paper's tables and figures: the files that each is made
from, and the systems or benchmarks that it lacks.
"""

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from lingualift.benchmarks.base import Benchmark
from lingualift.messages import LinguaLiftError
from lingualift.paper import ARTIFACTS, SLOTS, entry, kind
from lingualift.paper.base import Artifact, LanguageFacts, SystemFacts
from lingualift.paper.published import paper_rows
from lingualift.paper.read import AnswerFiles, ArtifactFiles, DatasetFiles, SentenceFiles, SlotFiles
from lingualift.plan import Plan, files
from lingualift.plan.systems import Run, RunStage, encoder_name

SENTENCE_SYSTEMS = (
    ("mono-sft-metamath", "mono-sft"),
    ("mindmerger-metamath", "mindmerger"),
    ("lingualift-metamath", "lingualift"),
)
"""Whose LLM's states Figure 5 shows; the first of each that is configured."""
SENTENCES = 100
"""Sentences of a language in Figure 5, as in the paper (section 6.3)."""


# ---------------------------------------------------------------- what is lacking


def available(plan: Plan) -> list[str]:
    """The names of all that the configuration can give."""
    return [name for name in ARTIFACTS if lacks(plan, name) is None]


def targets(plan: Plan) -> list[str]:
    """What the target `paper` makes: all that the configuration can give."""
    return [files.artifact(name, kind(name)) for name in available(plan)]


def records(plan: Plan) -> dict[str, str]:
    """The file of each of them that says how far it came."""
    return {name: files.artifact(name, "json") for name in available(plan)}


def lacking(plan: Plan) -> dict[str, str]:
    """What the configuration lacks for each of the others."""
    return {name: lack for name in ARTIFACTS if (lack := lacks(plan, name)) is not None}


def lacks(plan: Plan, name: str) -> str | None:
    """What the configuration lacks for a table or figure, in words (None: nothing)."""
    artifact = entry(name)
    slots = _slots(plan)
    asked = [slot for slot in artifact.benchmarks if slot in slots]
    if artifact.benchmarks and not asked:
        return f"the benchmark {_either(artifact.benchmarks)} (`benchmarks`)"
    wanted = [system for row in paper_rows(artifact.rows) for system in row.systems]
    runs = {plan.runs[run].system for slot in asked for run in plan.runs_on(slots[slot].benchmark)}
    if wanted and not runs & set(wanted):
        return f"the systems {', '.join(dict.fromkeys(wanted))}: one of them (`systems`)"
    if artifact.language and _answered_slot(plan, artifact) is None:
        return f"the language {artifact.language} (`languages.evaluation`)"
    return next(
        (lack for need in artifact.needs if (lack := _lacks_need(plan, artifact, need))), None
    )


def _lacks_need(plan: Plan, artifact: Artifact, need: str) -> str | None:
    if need == "retrieval" and not _retrieval(plan):
        return "the benchmark tatoeba (`benchmarks`)"
    if need == "translation" and not (plan.translated or plan.built_languages):
        return (
            "the system translate-en, or mmwp-built as a benchmark, with en and a language that an"
            " engine translates (`systems`, `languages.evaluation`, `translation.engines`)"
        )
    if need == "codeswitch" and not plan.used_variants:
        return "the system lingualift, or another with a stage on code-switched text (`systems`)"
    if need == "sentences" and _aligned_run(plan) is None:
        return "the system lingualift, whose stage 1 reads code-switched text (`systems`)"
    if need == "lexicons" and not plan.config.languages.alignment:
        return "languages to align (`languages.alignment`)"
    return None


def _either(names: Iterable[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} or {last}" if others else last


# ---------------------------------------------------------------- what is read


def artifact_files(plan: Plan, name: str) -> ArtifactFiles:
    """What a table or figure is made from; raises `LinguaLiftError` with what is lacking."""
    lack = lacks(plan, name)
    if lack is not None:
        raise LinguaLiftError(
            f"results/paper: {name} ({entry(name).title}) needs what this configuration lacks:"
            f" {lack}"
        )
    artifact = entry(name)
    needs = set(artifact.needs)
    slots = {slot: read for slot, read in _slots(plan).items() if slot in artifact.benchmarks}
    retrieval = _retrieval(plan) if needs & {"retrieval", "retrieval_if_any"} else None
    shown = [slots[slot] for slot in artifact.benchmarks if slot in slots]
    groups = files.group_table(Path(shown[0].table).stem) if "groups" in needs else None
    lexicons = plan.config.languages.alignment if "lexicons" in needs else []
    return ArtifactFiles(
        slots=slots,
        retrieval=retrieval,
        groups=groups,
        lexicons={code: files.lexicon(code) for code in lexicons},
        codeswitch=files.table("codeswitch") if "codeswitch" in needs else None,
        translation=_translation(plan) if "translation" in needs else [],
        datasets=_datasets(plan) if "datasets" in needs else [],
        answers=_answers(plan, artifact) if "answers" in needs else None,
        sentences=files.sentence_map() if "sentences" in needs else None,
        checkpoints=_checkpoints(plan, artifact) if "parameters" in needs else {},
    )


def system_and_language_facts(plan: Plan) -> dict[str, dict[str, Any]]:
    """What tables say of systems and languages, as plain values."""
    systems = {run.system: asdict(_system_facts(plan, run)) for run in plan.runs.values()}
    languages = {
        code: asdict(LanguageFacts(row.name, row.family, row.script, row.level))
        for code, row in plan.languages.items()
    }
    return {"systems": systems, "languages": languages}


def _system_facts(plan: Plan, run: Run) -> SystemFacts:
    encoder = None if run.encoder is None else encoder_name(run.encoder)
    ratios = [stage.codeswitch.ratio for stage in run.stages if stage.codeswitch is not None]
    ratio = ratios[0] if ratios else None
    return SystemFacts(plan.systems[run.system].title, run.llm.source, encoder, ratio)


def _slots(plan: Plan) -> dict[str, SlotFiles]:
    """The configured result tables by what they stand for in the paper."""
    tables = {name: table for table, name in reversed(plan.config.benchmark_names.items())}
    slots = {}
    for slot, benchmarks in SLOTS.items():
        name = next((name for name in benchmarks if name in tables), None)
        if name is not None:
            slots[slot] = _slot(tables[name], plan.benchmarks[name])
    return slots


def _slot(table: str, benchmark: Benchmark) -> SlotFiles:
    groups = {level: list(codes) for level, codes in benchmark.groups.items()}
    return SlotFiles(files.table(table), benchmark.name, groups)


def _retrieval(plan: Plan) -> SlotFiles | None:
    for table, name in plan.config.benchmark_names.items():
        if plan.benchmarks[name].answer == "neighbour":
            return _slot(table, plan.benchmarks[name])
    return None


def _translation(plan: Plan) -> list[str]:
    """The tables of translation quality of this run."""
    built = [files.table("mmwp-built-quality")] if plan.built_languages else []
    return [*built, *([files.table("translation")] if plan.translated else [])]


def _datasets(plan: Plan) -> list[DatasetFiles]:
    """Task data that a stage reads, and the problems that are asked."""
    tasks = dict.fromkeys(task for stage in plan.stages.values() for task in stage.tasks)
    datasets = [
        DatasetFiles(
            "training", task, list(plan.config.tasks[task].sources), [files.questions(task)]
        )
        for task in tasks
    ]
    for name in dict.fromkeys(plan.config.benchmark_names.values()):
        read = [files.problems(name, code) for code in plan.languages_of(name)]
        datasets.append(DatasetFiles("evaluation", name, [name], read))
    return datasets


def _answered_slot(plan: Plan, artifact: Artifact) -> SlotFiles | None:
    """The first of an entry's benchmarks that is asked in its language."""
    slots = _slots(plan)
    asked = (slots[slot] for slot in artifact.benchmarks if slot in slots)
    return next(
        (slot for slot in asked if artifact.language in plan.languages_of(slot.benchmark)), None
    )


def _answers(plan: Plan, artifact: Artifact) -> AnswerFiles | None:
    """A benchmark's problems in the entry's language and English, and the answers of each system's
    first seed.
    """
    slot, language = _answered_slot(plan, artifact), artifact.language
    if slot is None:
        return None
    name = slot.benchmark
    systems = [run for run in plan.runs_on(name) if run == plan.runs[run].system]
    english = "en" in plan.benchmarks[name].languages
    return AnswerFiles(
        benchmark=name,
        language=language,
        problems=files.problems(name, language),
        english=files.problems(name, "en") if english else None,
        predictions={system: files.predictions(system, name, language) for system in systems},
        scores={system: files.scores(system, name) for system in systems},
    )


def _checkpoints(plan: Plan, artifact: Artifact) -> dict[str, str]:
    """The checkpoints of the systems of an entry's rows."""
    wanted = {system for row in paper_rows(artifact.rows) for system in row.systems}
    return {
        name: files.checkpoint(run.checkpoint)
        for name, run in plan.runs.items()
        if name in wanted and run.checkpoint
    }


# ---------------------------------------------------------------- Figure 5


def _stage_one(run: Run) -> RunStage | None:
    """The stage that trains the alignment layer through the LLM on code-switched text."""
    return next(
        (
            stage
            for stage in run.stages
            if stage.codeswitch is not None and stage.stage.objective == "language-modelling"
        ),
        None,
    )


def _aligned_run(plan: Plan) -> Run | None:
    """The run whose alignment layer Figure 5 shows."""
    named = [name for name in SENTENCE_SYSTEMS[-1] if name in plan.runs]
    others = [name for name, run in plan.runs.items() if run.name == run.system]
    return next(
        (plan.runs[name] for name in [*named, *others] if _stage_one(plan.runs[name])), None
    )


def sentence_benchmark(plan: Plan) -> Benchmark:
    """Whose parallel sentences Figure 5 shows."""
    return plan.benchmarks[plan.config.tables.sentences]


def sentence_languages(plan: Plan) -> list[str]:
    """English, and the aligned languages that these sentences exist in."""
    held = sentence_benchmark(plan).languages
    return [code for code in ["en", *plan.config.languages.alignment] if code in held]


def sentence_files(plan: Plan) -> SentenceFiles:
    """What the job behind Figure 5 reads."""
    run = _aligned_run(plan)
    stage = None if run is None else _stage_one(run)
    if run is None or stage is None or run.encoder is None or run.checkpoint is None:
        raise LinguaLiftError(f"results/paper: figure-05 needs {lacks(plan, 'figure-05')}")
    shown = [next((n for n in names if n in plan.runs), None) for names in SENTENCE_SYSTEMS]
    systems = [plan.runs[name] for name in shown if name is not None]
    benchmark = sentence_benchmark(plan).name
    folder = files.problems_folder(benchmark)
    languages = sentence_languages(plan)

    def states(encoder: str) -> dict[str, str]:
        stores = {code: folder.states(encoder, _batch(plan, benchmark, code)) for code in languages}
        return {code: files.entry_path(store, code) for code, store in stores.items()}

    read = [one.encoder for one in (run, *systems) if one.encoder is not None]
    return SentenceFiles(
        problems={code: files.problems(benchmark, code) for code in languages},
        states={encoder_name(encoder): states(encoder_name(encoder)) for encoder in read},
        encoder=encoder_name(run.encoder),
        before=files.checkpoint(stage.parent) if stage.parent else None,
        after=files.checkpoint(stage.id),
        systems={
            one.system: (
                files.checkpoint(one.checkpoint) if one.checkpoint else None,
                plan.model(one.llm.source),
                plan.systems[one.system].input,
                None if one.encoder is None else encoder_name(one.encoder),
            )
            for one in systems
        },
    )


def _batch(plan: Plan, benchmark: str, code: str) -> str:
    return plan.evaluation_batch(benchmark, code)


def sentence_inputs(plan: Plan) -> list[str]:
    """What that job waits for: problems, their states as rules write them, models, checkpoints."""
    read = sentence_files(plan)
    benchmark = sentence_benchmark(plan).name
    folder = files.problems_folder(benchmark)
    stores = [
        folder.states(encoder, _batch(plan, benchmark, code))
        for encoder in read.states
        for code in read.problems
    ]
    models = [llm for _, llm, _, _ in read.systems.values()]
    trained = [read.before, read.after, *(stage for stage, _, _, _ in read.systems.values())]
    paths = [*read.problems.values(), *stores, *models, *filter(None, trained)]
    return list(dict.fromkeys(paths))
