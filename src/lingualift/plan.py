"""What a configuration asks for, worked out once before anything runs: runs, stage chains, sources, and their mistakes."""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field

from lingualift.benchmarks.registry import BENCHMARKS
from lingualift.codeswitch.switch import POS_PRESETS
from lingualift.config import Config, RunStage, System, chain
from lingualift.errors import LinguaLiftError, nearest
from lingualift.languages import Language
from lingualift.model.layout import Prompt
from lingualift.retrieve.sources import Source, find_source, resolve_source


@dataclass(frozen=True)
class Run:
    """One system trained with one seed; `name` is its folder below results/predictions."""

    name: str
    system: str
    seed: int
    stages: list[RunStage]

    @property
    def checkpoint(self) -> str | None:
        """The id of the stage that ends the chain (None: the LLM as it is)."""
        return self.stages[-1].id if self.stages else None


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
        """Names the encoder and its layer in paths."""
        layer = self.config.encoder.layer
        return self.config.encoder.source + ("" if layer is None else f"-layer{layer}")

    def source_key(self, key: str, lang: str | None = None) -> str:
        """The folder of a source below resources/sources; sources that are split by language have one a language."""
        source = find_source(self.sources, key)
        return source.for_language(self.languages[lang]).key if lang and source.by_language else source.key

    def source(self, folder: str) -> Source:
        """The source (or its part for one language) that `source_key` called `folder`."""
        return resolve_source(self.sources, self.languages, folder)

    def parts(self, key: str, langs: list[str]) -> list[str]:
        """The folders of a source for these languages, leaving out languages that it does not hold."""
        source = find_source(self.sources, key)
        if not source.by_language:
            return [source.key]
        return [source.for_language(self.languages[lang]).key for lang in langs if source.holds(self.languages[lang])]

    def retrieved(self) -> list[str]:
        """The folders of every source that the configuration uses."""
        config = self.config
        languages = config.languages.alignment
        wanted = [self.source_key(config.llm.source), self.source_key(config.encoder.source), self.source_key(config.tagger)]
        for source in (config.corpus.source, config.fasttext.pretrained):
            if source:
                wanted += self.parts(source, ["en", *languages])
        for task in config.tasks.values():
            wanted += [self.source_key(source) for source in task.sources if source != "word-problems"]
        if any("cldr" in self.wordlists(lang) for lang in languages):
            wanted += self.parts("cldr-annotations-full", languages)
        if config.lexicon.gold:
            wanted += self.parts(config.lexicon.gold, languages)
        for benchmark in config.benchmarks.values():
            wanted += [folder for lang in self.languages_of(benchmark) for folder in self.benchmark_sources(benchmark, lang)]
        return list(dict.fromkeys(wanted))

    def wordlists(self, lang: str) -> list[str]:
        """The configured word lists that know a language."""
        language = self.languages[lang]
        return [name for name in self.config.vocabulary.wordlists if getattr(language, name)]

    def prompt(self, name: str) -> Prompt:
        """A configured prompt."""
        text = self.config.prompts[name]
        return Prompt(text.template, text.template.replace("{question}", "") if text.instruction is None else text.instruction)

    def asked(self, run: str, benchmark: str) -> Prompt:
        """The prompt of a run on a benchmark: that of its last stage on a task of the benchmark's kind, else the benchmark's own."""
        kind = BENCHMARKS[benchmark].BENCHMARK.prompt
        tasks = [stage for stage in self.run(run).stages if stage.stage.data != "code-switched"]
        trained = [stage.stage.prompt for stage in tasks if stage.stage.prompt and self.config.tasks[stage.task].kind == kind]
        return self.prompt(trained[-1] if trained else kind)

    def runs_on(self, benchmark: str) -> list[str]:
        """The runs that a benchmark's table compares: those whose last task is of the benchmark's kind, and untrained ones."""
        kind = BENCHMARKS[benchmark].BENCHMARK.prompt
        if kind is None:
            return list(self.runs)
        return [name for name, run in self.runs.items() if not run.stages or self.config.tasks[run.stages[-1].task].kind == kind]

    def languages_of(self, benchmark: str) -> list[str]:
        """The evaluated languages that a benchmark has, in the order of the configuration."""
        return [code for code in self.config.languages.evaluation if code in BENCHMARKS[benchmark].BENCHMARK.languages]

    def benchmark_sources(self, benchmark: str, lang: str) -> list[str]:
        """The folders of the sources that a benchmark's problems of one language are read from (none: it is part of the package)."""
        stated = BENCHMARKS[benchmark].BENCHMARK
        default = list(stated.sources if stated.together else stated.sources[:1])
        chosen = self.config.evaluation.sources.get(benchmark)
        return [self.source_key(key, lang) for key in ([chosen] if chosen else default)]

    def run(self, name: str) -> Run:
        """A run by its folder name."""
        if name not in self.runs:
            raise LinguaLiftError(
                f"no system run '{name}' is configured; {nearest(name, self.runs)} (systems and seeds in the configuration)"
            )
        return self.runs[name]


def plan(config: Config, languages: Mapping[str, Language], sources: Mapping[str, Source], systems: Mapping[str, System]) -> Plan:
    """Check names against one another and unfold systems and seeds; the first mistake is raised as one line."""
    for key, codes in (("alignment", config.languages.alignment), ("evaluation", config.languages.evaluation)):
        for code in codes:
            if code not in languages:
                close = difflib.get_close_matches(code, languages, n=1, cutoff=0.5)
                hint = f"did you mean '{close[0]}'?" if close else f"config/languages.tsv has {', '.join(sorted(languages))}"
                raise LinguaLiftError(f"languages.{key}: unknown language '{code}'; {hint}")
    needed = {"corpus.source": config.corpus.source, "fasttext.pretrained": config.fasttext.pretrained, "lexicon.gold": config.lexicon.gold}
    needed |= {"tagger": config.tagger, "llm.source": config.llm.source, "encoder.source": config.encoder.source}
    for key, name in needed.items():
        if name is not None and name not in sources:
            raise LinguaLiftError(f"{key}: unknown source '{name}'; {nearest(name, sources)}")
    for code in ["en", *config.languages.alignment]:
        if config.corpus.source and not sources[config.corpus.source].holds(languages[code]):
            raise LinguaLiftError(
                f"languages.alignment: '{code}' has no text in corpus '{config.corpus.source}'; list it under languages.evaluation alone"
            )
        if config.fasttext.pretrained and not sources[config.fasttext.pretrained].holds(languages[code]):
            raise LinguaLiftError(
                f"languages.alignment: '{code}' has no vectors in '{config.fasttext.pretrained}'; list it under languages.evaluation alone"
            )
    for table, name in config.benchmarks.items():
        if name not in BENCHMARKS:
            raise LinguaLiftError(f"benchmarks.{table}: unknown benchmark '{name}'; {nearest(name, BENCHMARKS)}")
        _check_benchmark(name, config, languages, sources)
    _check_evaluated(config)
    for name, task in config.tasks.items():
        if task.sources == ["word-problems"]:
            if task.examples is None:
                raise LinguaLiftError(f"tasks.{name}.examples: say how many word problems to generate")
            continue
        for source in task.sources:
            if source not in sources:
                raise LinguaLiftError(f"tasks.{name}.source: unknown source '{source}'; {nearest(source, ['word-problems', *sources])}")
    if config.codeswitch.task not in config.tasks:
        raise LinguaLiftError(f"codeswitch.task: unknown task '{config.codeswitch.task}'; {nearest(config.codeswitch.task, config.tasks)}")
    if config.codeswitch.pos not in POS_PRESETS:
        raise LinguaLiftError(f"codeswitch.pos: unknown preset '{config.codeswitch.pos}'; {nearest(config.codeswitch.pos, POS_PRESETS)}")
    runs: dict[str, Run] = {}
    stages: dict[str, RunStage] = {}
    for name in config.systems:
        if name not in systems:
            raise LinguaLiftError(f"systems: unknown system '{name}'; {nearest(name, systems)}")
        for index, seed in enumerate(config.seeds):
            own = chain(config, systems[name], seed)
            run = name if index == 0 else f"{name}~{seed}"
            runs[run] = Run(run, name, seed, own)
            stages |= {stage.id: stage for stage in own}
    return Plan(config, languages, sources, systems, runs, stages)


def _check_benchmark(name: str, config: Config, languages: Mapping[str, Language], sources: Mapping[str, Source]) -> None:
    benchmark = BENCHMARKS[name].BENCHMARK
    held = [code for code in config.languages.evaluation if code in benchmark.languages]
    if not held:
        raise LinguaLiftError(
            f"languages.evaluation: benchmark '{name}' has none of these languages; it has {', '.join(benchmark.languages)}"
        )
    if config.evaluation.split not in benchmark.counts:
        raise LinguaLiftError(
            f"evaluation.split: benchmark '{name}' has no '{config.evaluation.split}'; it has {', '.join(benchmark.counts)}"
        )
    if benchmark.prompt is not None and benchmark.prompt not in config.prompts:
        raise LinguaLiftError(f"prompts: benchmark '{name}' needs a prompt '{benchmark.prompt}'")
    chosen = config.evaluation.sources.get(name)
    if chosen is not None and chosen not in benchmark.sources:
        raise LinguaLiftError(f"evaluation.sources.{name}: '{chosen}' does not hold it; {nearest(chosen, benchmark.sources)}")
    for key in [chosen] if chosen else benchmark.sources if benchmark.together else benchmark.sources[:1]:
        for code in held:
            if not find_source(sources, key).holds(languages[code]):
                others = ", ".join(other for other in benchmark.sources if other != key)
                hint = f" or set evaluation.sources.{name} to {others}" if others and not benchmark.together else ""
                raise LinguaLiftError(f"languages.evaluation: source '{key}' of benchmark '{name}' has no '{code}'; leave it out{hint}")


def _check_evaluated(config: Config) -> None:
    stated = [BENCHMARKS[name].BENCHMARK for name in config.benchmarks.values()]
    for code in config.languages.evaluation:
        if not any(code in benchmark.languages for benchmark in stated):
            held = "; ".join(f"{benchmark.name}: {', '.join(benchmark.languages)}" for benchmark in stated)
            raise LinguaLiftError(f"languages.evaluation: no configured benchmark has a language '{code}' ({held})")
    for key in (*config.evaluation.sources, *config.evaluation.excerpts):
        if key not in BENCHMARKS:
            raise LinguaLiftError(f"evaluation: unknown benchmark '{key}'; {nearest(key, BENCHMARKS)}")
