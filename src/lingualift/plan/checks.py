"""The names of a configuration against one another, before anything runs: the first mistake is one
line.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

from lingualift.benchmarks.base import Benchmark
from lingualift.benchmarks.registry import BENCHMARKS, registered
from lingualift.codeswitch.switch import POS_PRESETS
from lingualift.config import Config, EncoderModel, OwnBenchmark, System, Task
from lingualift.languages import Language, find_language
from lingualift.messages import LinguaLiftError, known, nearest
from lingualift.plan.systems import Models
from lingualift.retrieve.sources import Source, find_source
from lingualift.tasks.generated import GENERATORS
from lingualift.tasks.loaders import READERS

TRANSLATION = "translation"  # the prompt that an LLM is asked to translate with
LanguagesByCode = Mapping[str, Language]
Sources = Mapping[str, Source]


def check_configuration(config: Config, languages: LanguagesByCode, sources: Sources) -> None:
    """Everything but the systems and their chains."""
    for group in ("alignment", "evaluation"):
        for code in getattr(config.languages, group):
            find_language(languages, code, f"languages.{group}")
    _check_source_languages(languages, sources)
    _check_models(config, sources)
    _check_alignment(config, languages, sources)
    _check_own(config, languages)
    benchmarks = registered(config.benchmarks)
    for table, name in config.benchmark_names.items():
        known(name, benchmarks, "benchmark", f"benchmarks.{table}")
        check_benchmark(benchmarks[name].BENCHMARK, config, languages, sources)
    _check_evaluation(config)
    _check_sentences(config)
    for name, task in config.tasks.items():
        check_task(name, task, languages, sources)
    known(config.codeswitch.task, config.tasks, "task", "codeswitch.task")
    known(config.codeswitch.pos, POS_PRESETS, "preset", "codeswitch.pos")


def _check_own(config: Config, languages: LanguagesByCode) -> None:
    """A benchmark of the user's own has a name of its own, languages that have a row, and a file
    for each that is evaluated.
    """
    for table, own in config.benchmarks.items():
        if not isinstance(own, OwnBenchmark):
            continue
        where = f"benchmarks.{table}"
        if table in BENCHMARKS:
            raise LinguaLiftError(f"{where}: '{table}' is another benchmark; choose another name")
        codes = [code for group in own.groups.values() for code in group]
        for code in codes:
            find_language(languages, code, f"{where}.groups")
            if codes.count(code) > 1:
                raise LinguaLiftError(f"{where}.groups: '{code}' is in two groups")
            if code in config.languages.evaluation and not Path(own.path(code)).is_file():
                raise LinguaLiftError(
                    f"{where}.files: {own.path(code)} is not there; write it, or leave '{code}' out"
                )


def _check_sentences(config: Config) -> None:
    """The benchmark of Figure 5 says the same in every language, in the split that is asked."""
    name, split = config.tables.sentences, config.evaluation.split
    benchmark: Benchmark = BENCHMARKS[
        known(name, BENCHMARKS, "benchmark", "tables.sentences")
    ].BENCHMARK
    if not benchmark.parallel:
        raise LinguaLiftError(
            f"tables.sentences: problems of '{name}' are not the same in every language; take"
            " mmwp-mini or sib200-sentences"
        )
    if split not in benchmark.counts and name not in config.benchmark_names.values():
        raise LinguaLiftError(f"tables.sentences: '{name}' has no split '{split}'")


def _check_source_languages(languages: LanguagesByCode, sources: Sources) -> None:
    """A source that knows a language by another code would never be found to hold it."""
    for key, source in sources.items():
        for code in (*source.languages, *(file.language for file in source.files)):
            if code is not None:
                find_language(languages, code, f"config/sources.yaml, source '{key}'")


def _check_models(config: Config, sources: Sources) -> None:
    named = [("corpus.source", key) for key in config.corpus.sources]
    named += [
        (where, key)
        for where, key in (
            ("fasttext.pretrained", config.fasttext.pretrained),
            ("tagger", config.tagger),
            ("llm.source", config.llm.source),
            ("encoder.source", config.encoder.source),
        )
        if key is not None
    ]
    named += [("lexicon.gold", key) for key in config.lexicon.gold_sources]
    for where, key in named:
        known(key, sources, "source", where)
    encoder = sources[config.encoder.source]
    check_read_layers("encoder", config.encoder, encoder)
    if "encoder" in config.lexicon.starts:
        check_layers("lexicon.encoder_layers", config.lexicon.encoder_layers, encoder)


def _check_alignment(config: Config, languages: LanguagesByCode, sources: Sources) -> None:
    """Every aligned language needs text, or vectors where they are published ones."""
    corpora, vectors = config.corpus.sources, config.fasttext.pretrained
    for code in ["en", *config.languages.alignment]:
        if corpora and not any(sources[key].holds(languages[code]) for key in corpora):
            raise LinguaLiftError(
                f"languages.alignment: '{code}' has no text in corpus '{', '.join(corpora)}'; name"
                " another in corpus.source (docs/data.md lists what each holds), or list it under"
                " languages.evaluation alone"
            )
        if vectors and not sources[vectors].holds(languages[code]):
            raise LinguaLiftError(
                f"languages.alignment: '{code}' has no vectors in '{vectors}'; list it under"
                " languages.evaluation alone"
            )


def _check_evaluation(config: Config) -> None:
    known_ones = registered(config.benchmarks)
    benchmarks = [known_ones[name].BENCHMARK for name in config.benchmark_names.values()]
    for code in config.languages.evaluation:
        if not any(code in benchmark.languages for benchmark in benchmarks):
            held = "; ".join(
                f"{benchmark.name}: {', '.join(benchmark.languages)}" for benchmark in benchmarks
            )
            raise LinguaLiftError(
                f"languages.evaluation: no configured benchmark has a language '{code}' ({held})"
            )
    for name in (*config.evaluation.sources, *config.evaluation.excerpts):
        known(name, BENCHMARKS, "benchmark", "evaluation")
    if config.evaluation.engine == "vllm" and not config.compute.gpus:
        raise LinguaLiftError(
            "evaluation.engine is vllm, which needs a GPU; set compute.gpus to 1 or more, or"
            " evaluation.engine to transformers"
        )


def check_benchmark(
    benchmark: Benchmark, config: Config, languages: LanguagesByCode, sources: Sources
) -> None:
    """A benchmark has languages, the split, a prompt and sources that hold all of these."""
    codes = [code for code in config.languages.evaluation if code in benchmark.languages]
    if not codes:
        raise LinguaLiftError(
            f"languages.evaluation: benchmark '{benchmark.name}' has none of these languages; it"
            f" has {', '.join(benchmark.languages)}"
        )
    if config.evaluation.split not in benchmark.counts:
        raise LinguaLiftError(
            f"evaluation.split: benchmark '{benchmark.name}' has no '{config.evaluation.split}'; it"
            f" has {', '.join(benchmark.counts)}"
        )
    if benchmark.prompt is not None and benchmark.prompt not in config.prompts:
        raise LinguaLiftError(
            f"prompts: benchmark '{benchmark.name}' needs a prompt '{benchmark.prompt}'"
        )
    chosen = config.evaluation.sources.get(benchmark.name)
    if chosen is not None and chosen not in benchmark.sources:
        raise LinguaLiftError(
            f"evaluation.sources.{benchmark.name}: '{chosen}' does not hold it;"
            f" {nearest(chosen, benchmark.sources)}"
        )
    for key in benchmark_sources(benchmark, config):
        for code in codes:
            if not find_source(sources, key).holds(languages[code]):
                raise LinguaLiftError(_lacks(benchmark, key, code))


def benchmark_sources(benchmark: Benchmark, config: Config) -> list[str]:
    """The keys of the sources that a benchmark is read from (none: it is part of the package)."""
    chosen = config.evaluation.sources.get(benchmark.name)
    if chosen is not None:
        return [chosen]
    return list(benchmark.sources if benchmark.together else benchmark.sources[:1])


def _lacks(benchmark: Benchmark, key: str, code: str) -> str:
    others = ", ".join(other for other in benchmark.sources if other != key)
    remedy = "leave it out"
    if others and not benchmark.together:
        remedy += f" or set evaluation.sources.{benchmark.name} to {others}"
    return (
        f"languages.evaluation: source '{key}' of benchmark '{benchmark.name}' has no '{code}';"
        f" {remedy}"
    )


def check_task(name: str, task: Task, languages: LanguagesByCode, sources: Sources) -> None:
    """A task is generated, or its sources hold its kind of data in its languages."""
    if len(task.sources) == 1 and task.sources[0] in GENERATORS:
        if task.examples is None:
            raise LinguaLiftError(
                f"tasks.{name}.examples: say how many {task.sources[0]} to generate"
            )
        if task.languages or task.kind != "maths":
            raise LinguaLiftError(f"tasks.{name}: {task.sources[0]} are English and of kind maths")
        if task.without:
            raise LinguaLiftError(f"tasks.{name}.without: is for data from config/sources.yaml")
        return
    for key in task.sources:
        if key not in sources:
            known(key, [*GENERATORS, *sources], "source", f"tasks.{name}.source")
        if key not in READERS:
            raise LinguaLiftError(
                f"tasks.{name}.source: source '{key}' is no task data; {nearest(key, READERS)}"
            )
        if task.kind not in READERS[key].kinds:
            raise LinguaLiftError(
                f"tasks.{name}: source '{key}' holds data of kind {', '.join(READERS[key].kinds)},"
                f" not {task.kind}"
            )
    _check_task_languages(name, task, languages, sources)
    _check_held_out(name, task)


def _check_held_out(name: str, task: Task) -> None:
    for key in task.without:
        where = f"tasks.{name}.without"
        benchmark = BENCHMARKS[known(key, BENCHMARKS, "benchmark", where)].BENCHMARK
        if benchmark.prompt != task.kind or "en" not in benchmark.languages:
            raise LinguaLiftError(
                f"{where}: '{key}' has no English questions of kind {task.kind}; leave it out"
            )


def _check_task_languages(
    name: str, task: Task, languages: LanguagesByCode, sources: Sources
) -> None:
    foreign = [code for code in task.languages or [] if code != "en"]
    if task.kind == "translation" and not foreign:
        raise LinguaLiftError(
            f"tasks.{name}.languages: say which languages are translated into English"
        )
    for code in task.languages or []:
        find_language(languages, code, f"tasks.{name}.languages")
    # Of a source that comes one language at a time translations alone are read.
    english = task.kind != "translation" and "en" in (task.languages or ["en"])
    if english and all(sources[key].by_language for key in task.sources):
        raise LinguaLiftError(
            f"tasks.{name}.languages: none of its sources ({', '.join(task.sources)}) has data for"
            " 'en'"
        )
    for code in foreign:
        if not any(
            READERS[key].multilingual and sources[key].holds(languages[code])
            for key in task.sources
        ):
            raise LinguaLiftError(
                f"tasks.{name}.languages: none of its sources ({', '.join(task.sources)}) has data"
                f" for '{code}'"
            )


def check_system(name: str, system: System, used: Models, config: Config, sources: Sources) -> None:
    """A system's models, prompt and way of asking."""
    where = f"system '{name}'"
    known(used.llm.source, sources, "source", f"{where}, llm")
    known(used.encoder.source, sources, "source", f"{where}, encoder")
    if used.llm.layer is not None:
        raise LinguaLiftError(f"{where}, llm: layer is for encoders; an LLM is used whole")
    check_read_layers(f"{where}, encoder", used.encoder, sources[used.encoder.source])
    known(used.codeswitch.pos, POS_PRESETS, "pos preset", f"{where}, codeswitch")
    if system.prompt is not None:
        known(system.prompt, config.prompts, "prompt", where)
    if system.translate and system.input != "text":
        raise LinguaLiftError(
            f"{where}: translate is for input: text; the encoder reads any language"
        )
    if system.translate == "llm":
        known(TRANSLATION, config.prompts, "prompt", f"{where}, translate")
    if system.examples is not None:
        _check_examples(where, system, config)


def _check_examples(where: str, system: System, config: Config) -> None:
    """Worked examples are English, and stand before a question that the LLM reads."""
    assert system.examples is not None
    task = config.tasks[known(system.examples.task, config.tasks, "task", f"{where}, examples")]
    if system.input != "text":
        raise LinguaLiftError(f"{where}: examples are for input: text")
    if task.kind == "translation" or "en" not in (task.languages or ["en"]):
        raise LinguaLiftError(f"{where}, examples: task '{system.examples.task}' has no English")


def check_read_layers(where: str, encoder: EncoderModel, source: Source) -> None:
    """`check_layers` of those that an encoder's states are read from."""
    check_layers(f"{where}.layer", [encoder.layer], source)
    check_layers(f"{where}.layers", encoder.layers or [], source)


def check_layers(where: str, layers: Iterable[int | None], source: Source) -> None:
    """Refuse hidden layers (None, 0: none) that a model has not, as far as the registry knows it
    (else `prepare_model` does).
    """
    for layer in layers:
        if layer and source.layers is not None and layer > source.layers:
            raise LinguaLiftError(
                f"{where}: {layer} is not a layer of '{source.key}'; it has 1 to {source.layers}"
            )


def check_engines(config: Config, sources: Sources, untranslated: Iterable[str]) -> None:
    """Where a system translates first: its engines are there, and know every language unless one
    may stay as it is; `untranslated` are those that none of them knows.
    """
    for key in config.translation.engines:
        known(key, sources, "source", "translation.engines")
    for code in untranslated:
        if config.translation.without == "fail":
            raise LinguaLiftError(
                f"translation.engines: none of {', '.join(config.translation.engines)} translates"
                f" '{code}', which languages.evaluation lists; add an engine, or set"
                " translation.without: keep"
            )
