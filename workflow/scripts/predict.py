"""Answer one benchmark in one or more languages with one system."""

import shutil
from pathlib import Path

import torch

from lingualift import job
from lingualift.artifacts import read_parquet, write_parquet
from lingualift.benchmarks.registry import registered
from lingualift.config import Evaluation
from lingualift.evaluation.engines import SERVED_FOLDER, VllmEngine
from lingualift.evaluation.memory import require_fit
from lingualift.evaluation.predict import Asking, load_for_generation, predict
from lingualift.evaluation.predictions import PREDICTION_SCHEMA
from lingualift.evaluation.problems import read_problems, texts
from lingualift.evaluation.worked_examples import SEPARATOR, with_examples
from lingualift.machine import device, dtype
from lingualift.model.encoder import Encoder
from lingualift.model.layout import Prompt
from lingualift.model.prepacked import pack_weights
from lingualift.model.prepare import prepared
from lingualift.model.states import load_states
from lingualift.plan.inputs import Questions
from lingualift.provenance import provenance
from lingualift.translate.engine import in_english

with job.frame(snakemake.log[0], snakemake.threads, snakemake.resources.get("gpu", 0)):
    files, params, benchmark = snakemake.input, snakemake.params, snakemake.wildcards.benchmark
    settings, precision = Evaluation.model_validate(params.evaluation), dtype(params.precision)
    answer = registered(snakemake.config["benchmarks"])[benchmark].BENCHMARK.answer
    checkpoint = Path(files.checkpoint) if "checkpoint" in files.keys() else None
    llm = prepared(files.llm)
    batch = [Questions(**language) for language in params.questions]
    problems = {asked.language: read_problems(asked.problems) for asked in batch}
    served = settings.engine == "vllm" and settings.generates(answer)
    where = torch.device("cpu" if served else device())  # a serving engine has the GPU for itself
    require_fit(llm, precision, torch.device(device()), settings.max_new_tokens)
    model = load_for_generation(checkpoint, llm, precision).to(where)
    if where.type == "cpu" and not served:
        pack_weights(model.llm)
    examples = read_parquet(files.examples) if "examples" in files.keys() else None
    encoder = None
    # Stored states are the frozen encoder's, of the questions alone: not where a stage has trained
    # it, or where it reads whole prompts.
    if model.encoder is not None or "encoder" in files.keys():
        known = model.config.encoder
        path = prepared(files.encoder) if "encoder" in files.keys() else known["path"]
        split = known.get("split_digits", False)
        how = (known["layer"], precision, device(), model.encoder, split)
        encoder = Encoder(path, *how)
    with job.resumed_folder(snakemake.output[0]) as folder:
        # An interrupted job begins with its first language again: its answers stay until the end.
        engine = VllmEngine(model, llm, folder) if served else None
        partials = [folder / f"{asked.language}.answers" for asked in batch]
        for asked, partial in zip(batch, partials, strict=True):
            questions, states = problems[asked.language], None
            prompt = Prompt(**asked.prompt)
            if examples is not None:
                prompt = with_examples(prompt, examples)
            if asked.translated:
                english = read_parquet(asked.translated)
                questions = in_english(questions, english, asked.translated)
            if encoder is not None:
                read = [prompt.encoded(params.input, text) for text in texts(questions)]
                translations = ["en"] * (len(read) - len(questions))
                languages = [asked.language] * len(questions) + translations
                states = encoder.encode(read, "encode", languages)
            elif asked.states:
                states = load_states(asked.states, texts(questions))
            asking = Asking(
                asked.language,
                answer,
                params.input,
                prompt,
                settings,
                "" if examples is None else SEPARATOR,
            )
            table = predict(model, llm, questions, states, asking, partial, checkpoint, engine)
            used = [files.llm, asked.problems, checkpoint, asked.states, asked.translated]
            used += [files.get("encoder"), files.get("examples")]
            stamp = provenance(
                snakemake.rule,
                params.evaluation,
                map(str, filter(None, used)),
                system=params.system,
                seed=params.seed,
                run=snakemake.wildcards.run,
                benchmark=benchmark,
                checkpoint=checkpoint.name if checkpoint else None,
            )
            write_parquet(folder / f"{asked.language}.parquet", table, PREDICTION_SCHEMA, stamp)
        for partial in partials:
            partial.unlink(missing_ok=True)
        shutil.rmtree(folder / SERVED_FOLDER, ignore_errors=True)
