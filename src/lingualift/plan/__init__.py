"""What a configuration asks for, worked out once before anything runs: runs, stage chains, sources,
and their mistakes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from lingualift.benchmarks.base import Benchmark
from lingualift.benchmarks.mmwp_built import BENCHMARK as BUILT
from lingualift.benchmarks.registry import registered
from lingualift.config import CODE_SWITCHED, CodeSwitch, Config, OwnBenchmark, System
from lingualift.languages import Language, find_language
from lingualift.messages import LinguaLiftError, known
from lingualift.model.layout import LAYOUTS, Prompt, reads_question
from lingualift.plan import files
from lingualift.plan.alternatives import with_alternatives
from lingualift.plan.checks import (
    benchmark_sources,
    check_configuration,
    check_engines,
    check_layers,
    check_system,
)
from lingualift.plan.engines import built_sheets, check_built, first_engine
from lingualift.plan.fonts import font_sources
from lingualift.plan.systems import (
    Run,
    RunStage,
    UsedEncoder,
    chain,
    encoder_name,
    models,
    used_encoder,
    words_encoder,
)
from lingualift.retrieve.sources import Source, find_source, resolve_source
from lingualift.tasks.generated import GENERATORS

if TYPE_CHECKING:
    from lingualift.plan.states import Choice


@dataclass(frozen=True)
class Plan:
    """Everything the rules look up; `notes` are what the user should hear of it, a line each."""

    config: Config
    languages: Mapping[str, Language]
    sources: Mapping[str, Source]
    systems: Mapping[str, System]
    runs: dict[str, Run] = field(default_factory=dict)
    stages: dict[str, RunStage] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def encoder(self) -> str:
        """Names the configuration's own encoder, which represents words for the lexicons."""
        return encoder_name(words_encoder(self.config))

    @cached_property
    def encoders(self) -> dict[str, UsedEncoder]:
        """The encoders of all systems by their names in paths."""
        used = [
            words_encoder(self.config),
            *(stage.encoder for stage in self.stages.values()),
            *(run.encoder for run in self.runs.values()),
        ]
        return {encoder_name(model): model for model in used if model is not None}

    @cached_property
    def states(self) -> "Choice":
        """Which encoder states are kept, and which are made in the step."""
        from lingualift.plan.states import choose  # weighs requests, which read a plan

        return choose(self)

    def encoder_learns(self, stage: RunStage) -> bool:
        """Whether a stage or one before it trains the encoder: its states are then no frozen
        encoder's.
        """
        parent = self.stages[stage.parent] if stage.parent else None
        return "encoder" in stage.stage.train or (
            parent is not None and self.encoder_learns(parent)
        )

    @cached_property
    def benchmarks(self) -> dict[str, Benchmark]:
        """Every benchmark by name, your own among them."""
        known_ones = registered(self.config.benchmarks)
        return {name: module.BENCHMARK for name, module in known_ones.items()}

    def language(self, code: str) -> Language:
        """A language by its code."""
        return find_language(self.languages, code, "config/languages.tsv")

    def encoder_settings(self, name: str) -> UsedEncoder:
        """The encoder that a name in paths stands for."""
        return self.encoders[known(name, self.encoders, "encoder", "results/encoded")]

    @cached_property
    def variants(self) -> dict[str, CodeSwitch]:
        """Every setting of code-switching in use by its folder below results/codeswitch ('' for the
        configuration's own).
        """
        return {"": self.config.codeswitch} | self._stage_variants

    @property
    def used_variants(self) -> list[str]:
        """The variants that a stage reads."""
        return list(self._stage_variants)

    @cached_property
    def _stage_variants(self) -> dict[str, CodeSwitch]:
        used = [stage.codeswitch for stage in self.stages.values() if stage.codeswitch is not None]
        return {self.variant(setting): setting for setting in used}

    def variant(self, setting: CodeSwitch) -> str:
        """The folder of code-switched text: what differs from the configuration's own setting, e.g.
        'ratio-0.2'.
        """
        default, values = self.config.codeswitch.model_dump(), setting.model_dump()
        return "_".join(
            f"{key}-{'all' if values[key] is None else values[key]}"
            for key in default
            if values[key] != default[key]
        )

    def codeswitch(self, variant: str) -> CodeSwitch:
        """The setting of code-switching that a folder's name stands for, with its slash or not."""
        name = variant.removesuffix("/")
        return self.variants[known(name, self.variants, "setting", "results/codeswitch")]

    def task_folders(self, name: str) -> list[tuple[str, str | None]]:
        """The sources of a task as (key, language); the language is None for a source that comes
        whole.
        """
        task = self.config.tasks[known(name, self.config.tasks, "task", "tasks")]
        if task.sources[0] in GENERATORS:
            return []
        folders: list[tuple[str, str | None]] = []
        for key in task.sources:
            source = self.sources[key]
            if source.by_language:
                foreign = [code for code in task.languages or [] if code != "en"]
                folders += [(key, code) for code in foreign if source.holds(self.languages[code])]
            else:
                folders.append((key, None))
        return folders

    def engine(self, lang: str) -> str | None:
        """The first engine that translates a language into English (None: none does)."""
        return first_engine(self.config.translation.engines, self.sources, self.language(lang))

    def built_engine(self, lang: str, out_of_english: bool) -> str:
        """The engine that translates mmwp-built into a language, or back."""
        engines = self.config.mmwp_built.engines
        key = first_engine(engines, self.sources, self.language(lang), out_of_english)
        if key is None:
            raise LinguaLiftError(
                f"mmwp_built.engines: none of {', '.join(engines)} translates English into"
                f" '{lang}' and back"
            )
        return key

    @property
    def translated(self) -> list[tuple[str, str, str]]:
        """What is translated and can be compared with English originals: benchmark, language, and
        the language of the problems that hold them (retrieval holds its translations itself).
        """
        compared = []
        for name in dict.fromkeys(self.config.benchmark_names.values()):
            benchmark, languages = self.benchmarks[name], self.languages_of(name)
            retrieval = benchmark.answer == "neighbour"
            if any(self.translates(run) for run in self.runs_on(name)) and (
                retrieval or (benchmark.parallel and "en" in languages)
            ):
                foreign = [lang for lang in languages if lang != "en" and self.engine(lang)]
                compared += [(name, lang, lang if retrieval else "en") for lang in foreign]
        return compared

    def translates(self, run: str) -> bool:
        """Whether a run's system has an engine translate the benchmark's questions first."""
        return self.systems[self.run(run).system].translate is True

    def translates_itself(self, run: str) -> bool:
        """Whether a run's LLM, untrained, translates the benchmark's questions first."""
        return self.systems[self.run(run).system].translate == "llm"

    def source_key(self, key: str, lang: str | None = None) -> str:
        """The folder of a source below resources/sources; sources that are split by language have
        one a language.
        """
        source = find_source(self.sources, key)
        return (
            source.for_language(self.language(lang)).key
            if lang and source.by_language
            else source.key
        )

    def manifest(self, key: str, lang: str | None = None) -> str:
        """What stands for a retrieved source (of one language, where it is split by language)."""
        return f"{self.config.resources}/sources/{self.source_key(key, lang)}/MANIFEST.json"

    def model(self, key: str) -> str:
        """What stands for a prepared model folder."""
        return f"{self.config.resources}/models/{key}/model.json"

    def source(self, folder: str) -> Source:
        """The source (or its part for one language) that `source_key` called `folder`."""
        return resolve_source(self.sources, self.languages, folder)

    def parts(self, key: str, langs: list[str]) -> list[str]:
        """The folders of a source for these languages, without those that it does not hold."""
        source = find_source(self.sources, key)
        if not source.by_language:
            return [source.key]
        return [
            source.for_language(self.language(lang)).key
            for lang in langs
            if source.holds(self.language(lang))
        ]

    def retrieved(self) -> list[str]:
        """The folders of every source that the configuration uses."""
        config, aligned = self.config, self.config.languages.alignment
        models = [config.llm, config.encoder]
        for run in self.runs.values():
            models += [model for model in (run.llm, run.encoder) if model is not None]
        folders = [*(self.source_key(model.source) for model in models)]
        folders.append(self.source_key(config.tagger))
        for lang in ["en", *aligned]:
            folders += [self.source_key(key, lang) for key in self.corpora(lang)]
        if config.fasttext.pretrained:
            folders += self.parts(config.fasttext.pretrained, ["en", *aligned])
        for task in self._used_tasks():
            folders += [self.source_key(key, lang) for key, lang in self.task_folders(task)]
        folders += self._engine_folders()
        if any("cldr" in self.wordlists(lang) for lang in aligned):
            folders += self.parts("cldr-annotations-full", aligned)
        for key in config.lexicon.gold_sources:
            folders += self.parts(key, aligned)
        read = [(name, self.languages_of(name)) for name in config.benchmark_names.values()]
        read += [
            (name, ["en"]) for task in self._used_tasks() for name in config.tasks[task].without
        ]
        shown = self.benchmarks[config.tables.sentences]
        read.append((shown.name, [lang for lang in aligned if lang in shown.languages]))
        for name, languages in read:
            keys = benchmark_sources(self.benchmarks[name], config)
            folders += [self.source_key(key, lang) for lang in languages for key in keys]
        folders += font_sources(config, self.languages, self.sources)
        return list(dict.fromkeys(folders))

    def _used_tasks(self) -> list[str]:
        stages = self.stages.values()
        tasks = {task for stage in stages for task in (*stage.tasks, stage.reference)}
        return sorted({self.config.codeswitch.task} | tasks)

    def _engine_folders(self) -> list[str]:
        """The engines that translate the evaluated languages, where a system translates, and those
        of mmwp-built.
        """
        engines: list[tuple[str | None, str]] = []
        if any(self.translates(run) for run in self.runs):
            foreign = [lang for lang in self.config.languages.evaluation if lang != "en"]
            engines += [(self.engine(lang), lang) for lang in foreign]
        engines += [
            (self.built_engine(lang, out_of_english), lang)
            for lang in self.built_translated
            for out_of_english in (True, False)
        ]
        return [self.source_key(key, lang) for key, lang in engines if key is not None]

    @property
    def built_languages(self) -> list[str]:
        """The languages of mmwp-built but English, where it is asked."""
        if BUILT.name not in self.config.benchmark_names.values():
            return []
        return [lang for lang in self.languages_of(BUILT.name) if lang != "en"]

    @property
    def built_translated(self) -> list[str]:
        """Those of them for which no annotator has returned a sheet."""
        return [lang for lang in self.built_languages if not built_sheets(self.config, lang)]

    def corpora(self, lang: str) -> list[str]:
        """The configured corpora that hold a language."""
        return [
            name
            for name in self.config.corpus.sources
            if self.sources[name].holds(self.language(lang))
        ]

    def wordlists(self, lang: str) -> list[str]:
        """The configured word lists that know a language."""
        language = self.language(lang)
        return [name for name in self.config.vocabulary.wordlists if getattr(language, name)]

    def prompt(self, name: str) -> Prompt:
        """A configured prompt."""
        text = self.config.prompts[name]
        return Prompt.of(text.template, text.instruction, text.chat, text.system)

    def asked(self, run: str, benchmark: str) -> Prompt:
        """The prompt of a run on a benchmark: its system's own, or that of its last stage on a task
        of the kind, or the benchmark's (retrieval: the bare sentence).
        """
        kind = self.benchmarks[benchmark].prompt
        if kind is None:
            return Prompt("{question}", "")
        chosen = self.systems[self.run(run).system].prompt
        if chosen is not None:
            return self.prompt(chosen)
        trained = [
            prompt
            for stage in self.run(run).stages
            for (data, prompt), task in zip(stage.stage.parts, stage.tasks, strict=True)
            if data != CODE_SWITCHED and prompt and self.config.tasks[task].kind == kind
        ]
        return self.prompt(trained[-1] if trained else kind)

    def asks_stored(self, run: str, benchmark: str) -> bool:
        """Whether a run that has an encoder reads its stored states of a benchmark's questions."""
        layout = self.systems[self.run(run).system].input
        return reads_question(layout, self.asked(run, benchmark))

    def kind(self, run: Run) -> str | None:
        """The kind of benchmark that a run is asked (None: any)."""
        chosen = self.systems[run.system].kind
        if chosen is not None or not run.stages:
            return chosen
        return self.config.tasks[run.stages[-1].task].kind

    def runs_on(self, benchmark: str) -> list[str]:
        """The runs that a benchmark's table compares: those whose last task is of the benchmark's
        kind, and untrained ones.
        """
        kind = self.benchmarks[benchmark].prompt
        return [
            name
            for name, run in self.runs.items()
            if kind is None or self.kind(run) in (None, kind)
        ]

    def languages_of(self, benchmark: str) -> list[str]:
        """The evaluated languages that a benchmark has, in the order of the configuration."""
        name = known(benchmark, self.benchmarks, "benchmark", "results/predictions")
        held = self.benchmarks[name].languages
        return [code for code in self.config.languages.evaluation if code in held]

    def evaluation_batch(self, benchmark: str, lang: str) -> str:
        """The batch in which a benchmark is encoded and answered in a language."""
        return self._batch(lang, self.languages_of(benchmark))

    def alignment_batch(self, lang: str) -> str:
        """The batch in which a language's words and code-switched text are encoded."""
        return self._batch(lang, self.config.languages.alignment)

    def _batch(self, lang: str, configured: list[str]) -> str:
        """Configured languages are taken `compute.languages_per_job` at a time, in their order; any
        other is a batch alone.

        A batch loads the models once. The default run's encoder costs a job some 5.5 CPU s
        (imports 3.9, tokenizer and weights 1.6) where answering one language takes 10 s.
        """
        together = files.batches(configured, self.config.compute.languages_per_job)
        return files.batch_name(next((batch for batch in together if lang in batch), [lang]))

    def benchmark_manifests(self, benchmark: str, lang: str) -> list[str]:
        """What stands for the sources of a benchmark's problems in one language (nothing: they are
        part of the package); of a built one, what its own rules have made of them.
        """
        if self.benchmarks[benchmark].built:
            return [files.built_problems(lang)]
        if isinstance(own := self.config.benchmarks.get(benchmark), OwnBenchmark):
            return [own.path(lang)]
        keys = benchmark_sources(self.benchmarks[benchmark], self.config)
        return [self.manifest(key, lang) for key in keys]

    def run(self, name: str) -> Run:
        """A run by its folder name."""
        return self.runs[known(name, self.runs, "system run", "systems and seeds")]

    def stage(self, identifier: str) -> RunStage:
        """A stage by its id."""
        return self.stages[known(identifier, self.stages, "stage", "results/checkpoints")]


def check_chat(made: Plan, run: Run) -> None:
    """A prompt in the chat format is text that the LLM reads: not an instruction beside encoder
    states, nor what an encoder reads.
    """
    read: list[tuple[str, Prompt]] = [
        (stage.input, made.prompt(name))
        for stage in run.stages
        for _, name in stage.stage.parts
        if name
    ]
    own = made.systems[run.system].input
    benchmarks = made.config.benchmark_names.values()
    read += [
        (own, made.asked(run.name, name)) for name in benchmarks if run.name in made.runs_on(name)
    ]
    for layout, prompt in read:
        if prompt.chat and "text" not in LAYOUTS[layout]:
            raise LinguaLiftError(
                f"system '{run.system}': prompt {prompt.template[:40]!r} is a chat, which input"
                f" '{layout}' has no place for; give it a prompt without chat, or input: text"
            )


def plan(
    config: Config,
    languages: Mapping[str, Language],
    sources: Mapping[str, Source],
    systems: Mapping[str, System],
) -> Plan:
    """Check names against one another and unfold systems and seeds; the first mistake is raised as
    one line.
    """
    check_configuration(config, languages, sources)
    config, systems, notes = with_alternatives(config, systems, languages, sources)
    runs: dict[str, Run] = {}
    for name in config.systems:
        system = systems[known(name, systems, "system", "systems")]
        used = models(config, system)
        check_system(name, system, used, config, sources)
        for index, seed in enumerate(config.seeds):
            stages = chain(config, system, seed, sources)
            folder = name if index == 0 else f"{name}~{seed}"
            encoder = None if system.input == "text" else used_encoder(used, sources)
            runs[folder] = Run(folder, name, seed, stages, used.llm, encoder)
        for stage in runs[name].stages:
            if stage.stage.objective == "language-modelling":
                where, frozen = f"stages.{stage.name}.freeze_layers", stage.stage.freeze_layers
                check_layers(where, [frozen], sources[used.llm.source])
    stages_by_id = {stage.id: stage for run in runs.values() for stage in run.stages}
    made = Plan(config, languages, sources, systems, runs, stages_by_id, notes)
    for run in runs.values():
        check_chat(made, run)
    if made.built_languages:
        check_built(config, languages, sources)
    if any(systems[name].translate is True for name in config.systems):
        foreign = [code for code in config.languages.evaluation if code != "en"]
        check_engines(config, sources, (code for code in foreign if made.engine(code) is None))
    return made
