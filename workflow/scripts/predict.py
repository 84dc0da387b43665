"""Answer one benchmark in one or more languages with one system."""

from pathlib import Path

from lingualift import job
from lingualift.artifacts import read_parquet, write_parquet
from lingualift.benchmarks.registry import BENCHMARKS
from lingualift.config import Evaluation
from lingualift.evaluation.predict import Asking, load_for_generation, predict
from lingualift.evaluation.predictions import PREDICTION_SCHEMA
from lingualift.evaluation.problems import read_problems, texts
from lingualift.machine import device, dtype
from lingualift.model.encoder import Encoder
from lingualift.model.layout import Prompt
from lingualift.model.prepare import prepared
from lingualift.model.states import load_states
from lingualift.provenance import provenance
from lingualift.translate.engine import in_english

with job.frame(snakemake.log[0], snakemake.threads):
    given, params = snakemake.input, snakemake.params
    values, precision = params.evaluation, dtype(params.precision)
    checkpoint = Path(given.checkpoint) if "checkpoint" in given.keys() else None
    llm = prepared(given.llm)
    questions = [read_problems(path) for path in given.problems]
    translated = {Path(path).stem: path for path in given.get("translated", [])}
    model = load_for_generation(checkpoint, llm, precision).to(device())
    encoder = None
    if model.encoder is not None:  # a stage has trained it: stored states are the frozen encoder's
        encoder = Encoder(
            model.config.encoder["path"],
            model.config.encoder["layer"],
            precision,
            device(),
            model.encoder,
        )
    partials = []
    for index, (language, problems) in enumerate(zip(params.languages, questions, strict=True)):
        output = Path(snakemake.output[index])
        partials.append(output.with_name(output.name + ".partial"))
        stored = given.states[index] if "states" in given.keys() else None
        read = [
            given.llm,
            given.problems[index],
            given.get("checkpoint"),
            stored,
            translated.get(language),
        ]
        if language in translated:
            problems = in_english(
                problems, read_parquet(translated[language]), translated[language]
            )
        if encoder is not None:
            states = encoder.encode(texts(problems), progress="encode")
        else:
            states = load_states(stored, texts(problems)) if stored else None
        asking = Asking(
            language,
            BENCHMARKS[params.benchmark].BENCHMARK.answer,
            params.input,
            Prompt(**params.prompts[index]),
            Evaluation.model_validate(values),
        )
        table = predict(model, llm, problems, states, asking, partials[-1], checkpoint)
        stamp = provenance(
            "predict",
            values,
            filter(None, read),
            system=params.system,
            seed=params.seed,
            run=snakemake.wildcards.run,
            benchmark=params.benchmark,
            checkpoint=checkpoint.name if checkpoint else None,
        )
        write_parquet(output, table, PREDICTION_SCHEMA, stamp)
    for path in partials:  # an interrupted job begins with its first language again
        path.unlink(missing_ok=True)
