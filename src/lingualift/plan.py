"""What a configuration asks for, worked out once before anything runs: runs, stage chains, sources,
and their mistakes.
"""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from lingualift.benchmarks.registry import BENCHMARKS
from lingualift.codeswitch.switch import POS_PRESETS
from lingualift.config import CodeSwitch, Config, Model, RunStage, System, Task, chain, models
from lingualift.errors import LinguaLiftError, nearest
from lingualift.languages import Language
from lingualift.model.layout import Prompt
from lingualift.retrieve.sources import Source, find_source, resolve_source
from lingualift.tasks.generated import GENERATORS
from lingualift.tasks.loaders import READERS


@dataclass(frozen=True)
class Run:
    """One system trained with one seed; `name` is its folder below results/predictions. `encoder`
    is None for text input.
    """

    name: str
    system: str
    seed: int
    stages: list[RunStage]
    llm: Model
    encoder: Model | None

    @property
    def checkpoint(self) -> str | None:
        """The id of the stage that ends the chain (None: the LLM as it is)."""
        return self.stages[-1].id if self.stages else None


@dataclass(frozen=True)
class Share:
    """Languages of a benchmark, or of the alignment, that one job works on; the default are
    wildcards for any one language.
    """

    benchmark: str = "{benchmark}"
    languages: tuple[str, ...] = ("{lang}",)

    @property
    def name(self) -> str:
        """How paths name the share."""
        return "-".join(self.languages)

    def rule(self, name: str) -> str:
        """The name of a rule over this share: what stands before its first dot is `name`."""
        return name if self == Share() else f"{name}.{self.benchmark}.{self.name}"

    def filled(self, wildcards: Mapping[str, str]) -> "Share":
        """The share with its wildcards replaced."""
        return Share(
            self.benchmark.format(**wildcards),
            tuple(language.format(**wildcards) for language in self.languages),
        )


@dataclass(frozen=True)
class Plan:
    """Everything the rules look up."""

    config: Config
    languages: Mapping[str, Language]
    sources: Mapping[str, Source]
    systems: Mapping[str, System]
    runs: dict[str, Run] = field(default_factory=dict)
    stages: dict[str, RunStage] = field(default_factory=dict)

    @property
    def encoder(self) -> str:
        """Names the configuration's own encoder, which represents words for the lexicons."""
        return encoder_name(self.config.encoder)

    @property
    def encoders(self) -> dict[str, Model]:
        """The encoders of all systems by their names in paths."""
        found = [stage.encoder for stage in self.stages.values()] + [
            run.encoder for run in self.runs.values()
        ]
        return {
            encoder_name(model): model
            for model in [self.config.encoder, *found]
            if model is not None
        }

    @property
    def variants(self) -> dict[str, CodeSwitch]:
        """Every setting of code-switching in use by its folder below results/codeswitch ('' for the
        configuration's own).
        """
        found = [stage.codeswitch for stage in self.stages.values() if stage.codeswitch is not None]
        return {"": self.config.codeswitch} | {self.variant(setting): setting for setting in found}

    @property
    def used_variants(self) -> list[str]:
        """The variants that a stage reads."""
        found = [stage.codeswitch for stage in self.stages.values() if stage.codeswitch is not None]
        return list(dict.fromkeys(self.variant(setting) for setting in found))

    def variant(self, setting: CodeSwitch) -> str:
        """The folder of code-switched text: what differs from the configuration's own setting, e.g.
        'ratio-0.2'.
        """
        own, other = self.config.codeswitch.model_dump(), setting.model_dump()
        return "_".join(
            f"{key}-{'all' if other[key] is None else other[key]}"
            for key in own
            if own[key] != other[key]
        )

    def texts(self, stage: RunStage) -> list[tuple[str, str | None]]:
        """The texts that a stage reads, by their names in results/encoded, each with its prompt;
        code-switched text a language each.
        """
        found: list[tuple[str, str | None]] = []
        for (data, prompt), task in zip(stage.stage.parts, stage.tasks, strict=True):
            if data == "code-switched" and stage.codeswitch is not None:
                variant = self.variant(stage.codeswitch)
                prefix = f"codeswitch-{variant}-" if variant else "codeswitch-"
                found += [(prefix + lang, prompt) for lang in self.config.languages.alignment]
            else:
                found.append((f"task-{task}", prompt))
        return found

    def texts_file(self, texts: str) -> str:
        """The table that holds the texts of this name."""
        kind, _, name = texts.partition("-")
        if kind == "task":
            return f"results/tasks/{name}/questions.parquet"
        variant, _, lang = name.rpartition("-")
        return f"results/codeswitch/{variant + '/' if variant else ''}{lang}.parquet"

    def task_folders(self, name: str) -> list[tuple[str, str | None]]:
        """The sources of a task as (key, language); the language is None for a source that comes
        whole.
        """
        task = self.config.tasks[name]
        found: list[tuple[str, str | None]] = []
        for key in task.sources if task.sources[0] not in GENERATORS else []:
            if self.sources[key].by_language:
                held = [
                    code
                    for code in task.languages or []
                    if code != "en" and self.sources[key].holds(self.languages[code])
                ]
                found += [(key, code) for code in held]
            else:
                found.append((key, None))
        return found

    def engine(self, lang: str) -> str | None:
        """The first engine that translates a language into English (None: none does)."""
        language = self.languages[lang]
        return next(
            (
                key
                for key in self.config.translation.engines
                if translates(self.sources[key], language)
            ),
            None,
        )

    @property
    def translated(self) -> list[tuple[str, str, str]]:
        """What is translated and can be compared with English originals: benchmark, language, and
        the language of the problems that hold them (retrieval holds its translations itself).
        """
        found = []
        for benchmark in dict.fromkeys(self.config.benchmarks.values()):
            stated, languages = BENCHMARKS[benchmark].BENCHMARK, self.languages_of(benchmark)
            asked = any(
                self.systems[self.runs[name].system].translate for name in self.runs_on(benchmark)
            )
            retrieval = stated.answer == "neighbour"
            if asked and (retrieval or (stated.parallel and "en" in languages)):
                own = [lang for lang in languages if lang != "en" and self.engine(lang)]
                found += [(benchmark, lang, lang if retrieval else "en") for lang in own]
        return found

    def asked_of(self, key: str) -> tuple[bool, list[int]]:
        """Whether a model serves as an LLM, and the hidden layers that are read of it."""
        config = self.config
        encoders = [model for model in self.encoders.values() if model.source == key]
        layers = {model.layer for model in encoders if model.layer is not None}
        if key == config.encoder.source and "encoder" in config.lexicon.starts:
            layers |= set(config.lexicon.encoder_layers)
        return key in {config.llm.source, *(run.llm.source for run in self.runs.values())}, sorted(
            layers
        )

    def source_key(self, key: str, lang: str | None = None) -> str:
        """The folder of a source below resources/sources; sources that are split by language have
        one a language.
        """
        source = find_source(self.sources, key)
        return (
            source.for_language(self.languages[lang]).key
            if lang and source.by_language
            else source.key
        )

    def source(self, folder: str) -> Source:
        """The source (or its part for one language) that `source_key` called `folder`."""
        return resolve_source(self.sources, self.languages, folder)

    def parts(self, key: str, langs: list[str]) -> list[str]:
        """The folders of a source for these languages, leaving out languages that it does not hold."""
        source = find_source(self.sources, key)
        if not source.by_language:
            return [source.key]
        return [
            source.for_language(self.languages[lang]).key
            for lang in langs
            if source.holds(self.languages[lang])
        ]

    def retrieved(self) -> list[str]:
        """The folders of every source that the configuration uses."""
        config = self.config
        languages = config.languages.alignment
        models = [
            config.llm,
            config.encoder,
            *(run.llm for run in self.runs.values()),
            *(run.encoder for run in self.runs.values()),
        ]
        wanted = [
            *(self.source_key(model.source) for model in models if model is not None),
            self.source_key(config.tagger),
        ]
        for lang in ["en", *languages]:
            wanted += [self.source_key(source, lang) for source in self.corpora(lang)]
        if config.fasttext.pretrained:
            wanted += self.parts(config.fasttext.pretrained, ["en", *languages])
        for task in sorted(
            {config.codeswitch.task}
            | {task for stage in self.stages.values() for task in (*stage.tasks, stage.reference)}
        ):
            wanted += [self.source_key(key, lang) for key, lang in self.task_folders(task)]
        if any(self.systems[run.system].translate for run in self.runs.values()):
            engines = [
                (self.engine(lang), lang) for lang in config.languages.evaluation if lang != "en"
            ]
            wanted += [
                self.source_key(engine, lang) for engine, lang in engines if engine is not None
            ]
        if any("cldr" in self.wordlists(lang) for lang in languages):
            wanted += self.parts("cldr-annotations-full", languages)
        if config.lexicon.gold:
            wanted += self.parts(config.lexicon.gold, languages)
        for benchmark in config.benchmarks.values():
            wanted += [
                folder
                for lang in self.languages_of(benchmark)
                for folder in self.benchmark_sources(benchmark, lang)
            ]
        return list(dict.fromkeys(wanted))

    def corpora(self, lang: str) -> list[str]:
        """The configured corpora that hold a language."""
        return [
            name
            for name in self.config.corpus.sources
            if self.sources[name].holds(self.languages[lang])
        ]

    def wordlists(self, lang: str) -> list[str]:
        """The configured word lists that know a language."""
        language = self.languages[lang]
        return [name for name in self.config.vocabulary.wordlists if getattr(language, name)]

    def prompt(self, name: str) -> Prompt:
        """A configured prompt."""
        text = self.config.prompts[name]
        return Prompt(
            text.template,
            (
                text.template.replace("{question}", "")
                if text.instruction is None
                else text.instruction
            ),
        )

    def asked(self, run: str, benchmark: str) -> Prompt:
        """The prompt of a run on a benchmark: its system's own, or that of its last stage on a task
        of the kind, or the benchmark's (retrieval: the bare sentence).
        """
        kind = BENCHMARKS[benchmark].BENCHMARK.prompt
        if kind is None:
            return Prompt("{question}", "")
        own = self.systems[self.run(run).system].prompt
        if own is not None:
            return self.prompt(own)
        parts = [
            part
            for stage in self.run(run).stages
            for part in zip(stage.stage.parts, stage.tasks, strict=True)
        ]
        trained = [
            prompt
            for (data, prompt), task in parts
            if data != "code-switched" and prompt and self.config.tasks[task].kind == kind
        ]
        return self.prompt(trained[-1] if trained else kind)

    def kind(self, run: Run) -> str | None:
        """The kind of benchmark that a run is asked (None: any)."""
        own = self.systems[run.system].kind
        return (
            own
            if own is not None or not run.stages
            else self.config.tasks[run.stages[-1].task].kind
        )

    def runs_on(self, benchmark: str) -> list[str]:
        """The runs that a benchmark's table compares: those whose last task is of the benchmark's
        kind, and untrained ones.
        """
        kind = BENCHMARKS[benchmark].BENCHMARK.prompt
        return [
            name
            for name, run in self.runs.items()
            if kind is None or self.kind(run) in (None, kind)
        ]

    def languages_of(self, benchmark: str) -> list[str]:
        """The evaluated languages that a benchmark has, in the order of the configuration."""
        return [
            code
            for code in self.config.languages.evaluation
            if code in BENCHMARKS[benchmark].BENCHMARK.languages
        ]

    @property
    def shares(self) -> list[Share]:
        """How jobs divide the benchmarks' languages: `compute.languages_per_job` at a time, in
        their order; any other language alone.
        """
        asked = {
            benchmark: self.languages_of(benchmark) for benchmark in self.config.benchmarks.values()
        }
        return [
            Share(),
            *(Share(name, codes) for name, own in asked.items() for codes in self._together(own)),
        ]

    @property
    def alignment_shares(self) -> list[Share]:
        """How jobs divide the words and the code-switched texts of the aligned languages; any other
        language or set of texts alone.
        """
        return [
            Share(),
            *(
                Share("alignment", codes)
                for codes in self._together(self.config.languages.alignment)
            ),
        ]

    def _together(self, codes: Sequence[str]) -> list[tuple[str, ...]]:
        size = self.config.compute.languages_per_job
        return (
            [tuple(codes[start : start + size]) for start in range(0, len(codes), size)]
            if size > 1
            else []
        )

    def alone(self, codes: Iterable[str]) -> str:
        """A pattern of the languages that have jobs of their own where jobs divide `codes`."""
        together = "|".join(codes) if self.config.compute.languages_per_job > 1 else ""
        return (rf"(?!(?:{together})\b)" if together else "") + "[a-z]{2,3}"

    def benchmark_sources(self, benchmark: str, lang: str) -> list[str]:
        """The folders of the sources that a benchmark's problems of one language are read from
        (none: it is part of the package).
        """
        stated = BENCHMARKS[benchmark].BENCHMARK
        default = list(stated.sources if stated.together else stated.sources[:1])
        chosen = self.config.evaluation.sources.get(benchmark)
        return [self.source_key(key, lang) for key in ([chosen] if chosen else default)]

    def run(self, name: str) -> Run:
        """A run by its folder name."""
        if name not in self.runs:
            raise LinguaLiftError(
                f"no system run '{name}' is configured; {nearest(name, self.runs)} (systems and"
                " seeds in the configuration)"
            )
        return self.runs[name]


def encoder_name(model: Model) -> str:
    """Names an encoder and its layer in paths."""
    return model.source + ("" if model.layer is None else f"-layer{model.layer}")


def translates(source: Source, language: Language) -> bool:
    """Whether an engine translates a language into English: a pair of its own, or a model that
    knows the language's NLLB code.
    """
    return source.holds(language) if source.by_language else language.nllb is not None


def plan(
    config: Config,
    languages: Mapping[str, Language],
    sources: Mapping[str, Source],
    systems: Mapping[str, System],
) -> Plan:
    """Check names against one another and unfold systems and seeds; the first mistake is raised as
    one line.
    """
    for key, codes in (
        ("alignment", config.languages.alignment),
        ("evaluation", config.languages.evaluation),
    ):
        for code in codes:
            if code not in languages:
                close = difflib.get_close_matches(code, languages, n=1, cutoff=0.5)
                hint = (
                    f"did you mean '{close[0]}'?"
                    if close
                    else f"config/languages.tsv has {', '.join(sorted(languages))}"
                )
                raise LinguaLiftError(f"languages.{key}: unknown language '{code}'; {hint}")
    needed: list[tuple[str, str | None]] = [
        ("corpus.source", source) for source in config.corpus.sources
    ]
    needed += [
        ("fasttext.pretrained", config.fasttext.pretrained),
        ("lexicon.gold", config.lexicon.gold),
    ]
    needed += [
        ("tagger", config.tagger),
        ("llm.source", config.llm.source),
        ("encoder.source", config.encoder.source),
    ]
    for key, name in needed:
        if name is not None and name not in sources:
            raise LinguaLiftError(f"{key}: unknown source '{name}'; {nearest(name, sources)}")
    _check_layers(
        "encoder.layer",
        [config.encoder.layer] if config.encoder.layer else [],
        sources[config.encoder.source],
    )
    if "encoder" in config.lexicon.starts:
        _check_layers(
            "lexicon.encoder_layers", config.lexicon.encoder_layers, sources[config.encoder.source]
        )
    for code in ["en", *config.languages.alignment]:
        corpora = config.corpus.sources
        if corpora and not any(sources[name].holds(languages[code]) for name in corpora):
            raise LinguaLiftError(
                f"languages.alignment: '{code}' has no text in corpus '{', '.join(corpora)}'; name"
                " another in corpus.source (docs/data.md lists what each holds), or list it under"
                " languages.evaluation alone"
            )
        if config.fasttext.pretrained and not sources[config.fasttext.pretrained].holds(
            languages[code]
        ):
            raise LinguaLiftError(
                f"languages.alignment: '{code}' has no vectors in '{config.fasttext.pretrained}';"
                " list it under languages.evaluation alone"
            )
    for table, name in config.benchmarks.items():
        if name not in BENCHMARKS:
            raise LinguaLiftError(
                f"benchmarks.{table}: unknown benchmark '{name}'; {nearest(name, BENCHMARKS)}"
            )
        _check_benchmark(name, config, languages, sources)
    _check_evaluated(config)
    for name, task in config.tasks.items():
        _check_task(name, task, languages, sources)
    if config.codeswitch.task not in config.tasks:
        raise LinguaLiftError(
            f"codeswitch.task: unknown task '{config.codeswitch.task}';"
            f" {nearest(config.codeswitch.task, config.tasks)}"
        )
    if config.codeswitch.pos not in POS_PRESETS:
        raise LinguaLiftError(
            f"codeswitch.pos: unknown preset '{config.codeswitch.pos}';"
            f" {nearest(config.codeswitch.pos, POS_PRESETS)}"
        )
    runs: dict[str, Run] = {}
    stages: dict[str, RunStage] = {}
    for name in config.systems:
        if name not in systems:
            raise LinguaLiftError(f"systems: unknown system '{name}'; {nearest(name, systems)}")
        for index, seed in enumerate(config.seeds):
            own = chain(config, systems[name], seed)
            run = name if index == 0 else f"{name}~{seed}"
            used = models(config, systems[name])
            runs[run] = Run(
                run,
                name,
                seed,
                own,
                used.llm,
                None if systems[name].input == "text" else used.encoder,
            )
            stages |= {stage.id: stage for stage in own}
        _check_system(name, systems[name], config, sources)
        for stage in own:
            if stage.stage.objective == "language-modelling":
                _check_layers(
                    f"stages.{stage.name}.freeze_layers",
                    [stage.stage.freeze_layers],
                    sources[used.llm.source],
                )
    made = Plan(config, languages, sources, systems, runs, stages)
    if any(systems[name].translate for name in config.systems):
        for key in config.translation.engines:
            if key not in sources:
                raise LinguaLiftError(
                    f"translation.engines: unknown source '{key}'; {nearest(key, sources)}"
                )
        for code in config.languages.evaluation:
            if code != "en" and made.engine(code) is None and config.translation.without == "fail":
                engines = ", ".join(config.translation.engines)
                raise LinguaLiftError(
                    f"translation.engines: none of {engines} translates '{code}', which"
                    " languages.evaluation lists; add an engine, or set translation.without: keep"
                )
    return made


def _check_task(
    name: str, task: Task, languages: Mapping[str, Language], sources: Mapping[str, Source]
) -> None:
    if len(task.sources) == 1 and task.sources[0] in GENERATORS:
        if task.examples is None:
            raise LinguaLiftError(
                f"tasks.{name}.examples: say how many {task.sources[0]} to generate"
            )
        if task.languages or task.kind != "maths":
            raise LinguaLiftError(f"tasks.{name}: {task.sources[0]} are English and of kind maths")
        return
    for key in task.sources:
        if key not in sources:
            raise LinguaLiftError(
                f"tasks.{name}.source: unknown source '{key}';"
                f" {nearest(key, [*GENERATORS, *sources])}"
            )
        if key not in READERS:
            raise LinguaLiftError(
                f"tasks.{name}.source: source '{key}' is no task data; {nearest(key, READERS)}"
            )
        if task.kind not in READERS[key].kinds:
            raise LinguaLiftError(
                f"tasks.{name}: source '{key}' holds data of kind {', '.join(READERS[key].kinds)},"
                f" not {task.kind}"
            )
    foreign = [code for code in task.languages or [] if code != "en"]
    if task.kind == "translation" and not foreign:
        raise LinguaLiftError(
            f"tasks.{name}.languages: say which languages are translated into English"
        )
    for code in task.languages or []:
        if code not in languages:
            raise LinguaLiftError(
                f"tasks.{name}.languages: unknown language '{code}'; {nearest(code, languages)}"
            )
    for code in foreign:
        held = [
            key
            for key in task.sources
            if READERS[key].multilingual and sources[key].holds(languages[code])
        ]
        if not held:
            raise LinguaLiftError(
                f"tasks.{name}.languages: none of its sources ({', '.join(task.sources)}) has data"
                f" for '{code}'"
            )


def _check_system(name: str, system: System, config: Config, sources: Mapping[str, Source]) -> None:
    used = models(config, system)
    for group, key in (("llm", used.llm.source), ("encoder", used.encoder.source)):
        if key not in sources:
            raise LinguaLiftError(
                f"system '{name}', {group}: unknown source '{key}'; {nearest(key, sources)}"
            )
    if used.llm.layer is not None:
        raise LinguaLiftError(f"system '{name}', llm: layer is for encoders; an LLM is used whole")
    _check_layers(
        f"system '{name}', encoder.layer", [used.encoder.layer], sources[used.encoder.source]
    )
    pos = used.codeswitch.pos
    if pos not in POS_PRESETS:
        raise LinguaLiftError(
            f"system '{name}', codeswitch: unknown pos preset '{pos}'; {nearest(pos, POS_PRESETS)}"
        )
    if system.prompt is not None and system.prompt not in config.prompts:
        raise LinguaLiftError(
            f"system '{name}': unknown prompt '{system.prompt}';"
            f" {nearest(system.prompt, config.prompts)}"
        )
    if system.translate and system.input != "text":
        raise LinguaLiftError(
            f"system '{name}': translate is for input: text; the encoder reads any language"
        )


def _check_layers(key: str, layers: Iterable[int | None], source: Source) -> None:
    """Refuse hidden layers (None, 0: none) that a model has not, as far as the registry knows it
    (else `prepare_model` does).
    """
    for layer in layers:
        if layer and source.layers is not None and layer > source.layers:
            raise LinguaLiftError(
                f"{key}: {layer} is not a layer of '{source.key}'; it has 1 to {source.layers}"
            )


def _check_benchmark(
    name: str, config: Config, languages: Mapping[str, Language], sources: Mapping[str, Source]
) -> None:
    benchmark = BENCHMARKS[name].BENCHMARK
    held = [code for code in config.languages.evaluation if code in benchmark.languages]
    if not held:
        raise LinguaLiftError(
            f"languages.evaluation: benchmark '{name}' has none of these languages; it has"
            f" {', '.join(benchmark.languages)}"
        )
    if config.evaluation.split not in benchmark.counts:
        raise LinguaLiftError(
            f"evaluation.split: benchmark '{name}' has no '{config.evaluation.split}'; it has"
            f" {', '.join(benchmark.counts)}"
        )
    if benchmark.prompt is not None and benchmark.prompt not in config.prompts:
        raise LinguaLiftError(f"prompts: benchmark '{name}' needs a prompt '{benchmark.prompt}'")
    chosen = config.evaluation.sources.get(name)
    if chosen is not None and chosen not in benchmark.sources:
        raise LinguaLiftError(
            f"evaluation.sources.{name}: '{chosen}' does not hold it;"
            f" {nearest(chosen, benchmark.sources)}"
        )
    for key in (
        [chosen] if chosen else benchmark.sources if benchmark.together else benchmark.sources[:1]
    ):
        for code in held:
            if not find_source(sources, key).holds(languages[code]):
                others = ", ".join(other for other in benchmark.sources if other != key)
                hint = (
                    f" or set evaluation.sources.{name} to {others}"
                    if others and not benchmark.together
                    else ""
                )
                raise LinguaLiftError(
                    f"languages.evaluation: source '{key}' of benchmark '{name}' has no '{code}';"
                    f" leave it out{hint}"
                )


def _check_evaluated(config: Config) -> None:
    stated = [BENCHMARKS[name].BENCHMARK for name in config.benchmarks.values()]
    for code in config.languages.evaluation:
        if not any(code in benchmark.languages for benchmark in stated):
            held = "; ".join(
                f"{benchmark.name}: {', '.join(benchmark.languages)}" for benchmark in stated
            )
            raise LinguaLiftError(
                f"languages.evaluation: no configured benchmark has a language '{code}' ({held})"
            )
    for key in (*config.evaluation.sources, *config.evaluation.excerpts):
        if key not in BENCHMARKS:
            raise LinguaLiftError(
                f"evaluation: unknown benchmark '{key}'; {nearest(key, BENCHMARKS)}"
            )
