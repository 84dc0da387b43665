"""How long each job takes: seconds on one core that multiplies float32 matrices at `REFERENCE`.

Fitted to two runs of `config/test/small.yaml` and of the default configuration on two cores. The
progress line scales them to the machine at hand, and by what it sees.
"""

import time
from typing import Any

from lingualift.plan import Plan, files, requests
from lingualift.plan.systems import RunStage
from lingualift.sizes import RESPONSE, TOKENS

REFERENCE = 104e9  # floating-point operations a second, of 512 x 512 matrices
OWN_PROBLEMS = 100  # of a benchmark of the user's own, whose files are not counted
START = 10.0  # seconds until Python, torch and a model of 135 million parameters are there
# seconds until SmolLM2-135M has read a question: as text, which many scripts
# spell byte by byte, or as an encoder's states; and of a token that it writes then
READS_TEXT, READS_STATES, WRITES = 0.18, 0.06, 0.001
SCORED = 15  # what a few choices count for, in such tokens, where their likelihood is read
TRAINING = 4e11  # operations a second in bfloat16
CODE_SWITCHED = 280  # what an example counts for, in tokens at that speed: answered by a sentence
ARITHMETIC = 93  # chains of numbers
PROBLEM = 140  # a generated word problem behind an encoder
READ_PROBLEM = 170  # and one that the LLM reads itself
CHOSEN = 40  # an answer of a word, what fills up its batch among it
ANSWERED_BY_A_WORD = {"nli", "commonsense", "topic"}
CONSTANT = {
    "problems": 1.0, "corpus": 5.0, "source_vocabulary": 20.0, "target_vocabulary": 2.0,
    "fasttext": 9.0, "pretrained_vectors": 20.0, "task_data": 1.0, "codeswitch": 1.0,
    "predictions": 0.1, "score": 1.0, "results_table": 2.0, "lexicon_table": 1.0,
    "codeswitch_table": 1.0, "provenance_record": 0.5, "translate": 60.0, "all": 0.0,
}  # fmt: skip
"""Jobs that take alike."""
USUAL = 5.0  # seconds of a job of any other rule


def seconds(plan: Plan, rule: str, wildcards: Any) -> float:
    """The time of one job, from what it does; `wildcards` are those of its rule."""
    of = {
        "retrieve_source": _retrieval,
        "prepare_model": _preparation,
        "tag_questions": _tagging,
        "encode_words": _word_encoding,
        "encode": _encoding,
        "adversary": _adversary,
        "lexicon": _lexicon,
        "train": _training,
        "predict": _prediction,
        "translate_by_llm": _translation_by_llm,
    }.get(rule)
    return CONSTANT.get(rule, USUAL) if of is None else of(plan, wildcards)


def matrix_speed(duration: float = 0.5) -> float:
    """Floating-point operations a second of one core here: the best of a duration's products, so
    that other programs matter little.
    """
    import numpy as np
    from threadpoolctl import threadpool_limits

    matrix = np.ones((512, 512), dtype=np.float32)
    products: list[float] = []
    with threadpool_limits(1):  # a job has one core
        until = time.perf_counter() + duration
        while not products or time.perf_counter() < until:
            began = time.perf_counter()
            matrix @ matrix
            products.append(time.perf_counter() - began)
    return 2 * 512**3 / min(products)


def _retrieval(plan: Plan, wildcards: Any) -> float:
    source = plan.source(wildcards.source)
    return 1 + (source.size or source.estimate or 10**8) / 40e6


def _preparation(plan: Plan, wildcards: Any) -> float:
    return requests.model_size(plan, wildcards.source).parameters / 13e6


def _tagging(plan: Plan, wildcards: Any) -> float:
    return 3 + requests.examples(plan, wildcards.task) / 120


def _encoder(plan: Plan, key: str) -> float:
    """How much longer an encoder takes than one of 270 million parameters."""
    return requests.model_size(plan, key).parameters / 270e6


def _llm(plan: Plan, key: str) -> float:
    """How much longer an LLM takes than SmolLM2-135M, by the weights of its layers where they are
    known: Gemma-3-270M has more parameters, but most of them are embeddings.
    """
    source = plan.source(key)
    if source.layers and source.width:
        return source.layers * source.width**2 / (30 * 576**2)
    return requests.model_size(plan, key).parameters / 135e6


def _word_encoding(plan: Plan, wildcards: Any) -> float:
    vocabulary, key = plan.config.vocabulary, plan.config.encoder.source
    words = sum(
        vocabulary.source_size if lang == "en" else vocabulary.size
        for lang in files.batch_languages(wildcards.batch)
    )
    return START + words / 700 * _encoder(plan, key)


def _encoding(plan: Plan, wildcards: Any) -> float:
    of = files.TextFolder.read(wildcards.folder)
    tables = len(files.batch_languages(wildcards.tables))
    if of.kind == "tasks":
        texts = requests.examples(plan, of.name)
    elif of.kind == "codeswitch":
        texts = requests.switched(plan, of.name) * tables
    else:
        texts = _problems(plan, of.name) * tables
    return START + texts / 33 * _encoder(plan, plan.encoders[wildcards.encoder].source)


def _lexicon(plan: Plan, wildcards: Any) -> float:
    vocabulary = plan.config.vocabulary
    return 3 + vocabulary.size * vocabulary.source_size / 2.5e6


def _adversary(plan: Plan, wildcards: Any) -> float:
    return START + requests.adversary(plan).minutes


def _training(plan: Plan, wildcards: Any) -> float:
    run = plan.stage(wildcards.stage)
    stage, parameters = run.stage, requests.model_size(plan, run.llm.source).parameters
    if stage.objective == "warm-start":
        return START + (stage.steps or 0) * stage.batch / 20_000
    tokens = requests.stage_example_count(plan, run) * stage.epochs * _example(plan, run)
    operations = 6 if "llm" in stage.train else 4
    return START + tokens * parameters * operations / TRAINING


def _example(plan: Plan, run: RunStage) -> int:
    """What an example of a stage counts for, in tokens."""
    if run.codeswitch is not None:
        return CODE_SWITCHED
    if not requests.generates_its_problems(plan, run):
        short = {plan.config.tasks[task].kind for task in run.tasks} <= ANSWERED_BY_A_WORD
        return TOKENS + (CHOSEN if short else RESPONSE)
    if [plan.config.tasks[task].source for task in run.tasks] == ["arithmetic"]:
        return ARITHMETIC
    return READ_PROBLEM if run.encoder is None else PROBLEM


def _prediction(plan: Plan, wildcards: Any) -> float:
    run, evaluation = plan.run(wildcards.run), plan.config.evaluation
    questions = _problems(plan, wildcards.benchmark) * len(files.batch_languages(wildcards.batch))
    generated = evaluation.generates(plan.benchmarks[wildcards.benchmark].answer)
    written = WRITES * (evaluation.max_new_tokens if generated else SCORED)
    reads = READS_TEXT if run.encoder is None else READS_STATES
    return START + questions * (reads + written) * _llm(plan, run.llm.source)


def _translation_by_llm(plan: Plan, wildcards: Any) -> float:
    """Questions are read as text, and translations are about as long as answers."""
    each = READS_TEXT + WRITES * plan.config.evaluation.max_new_tokens
    questions = _problems(plan, wildcards.benchmark)
    return START + questions * each * _llm(plan, wildcards.source)


def _problems(plan: Plan, benchmark: str) -> int:
    """How many problems are asked of a benchmark in one language."""
    counts = plan.benchmarks[benchmark].counts[plan.config.evaluation.split]
    most = max(counts, default=OWN_PROBLEMS)
    return min(most, plan.config.evaluation.items or most)
