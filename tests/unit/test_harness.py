"""lm-evaluation-harness asks a checkpoint and marks it as this project does; skipped where the
harness is not installed.
"""

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch

from dev.harness_tasks import LIMITS, TASKS, files
from lingualift.artifacts import write_parquet
from lingualift.benchmarks.base import Problem
from lingualift.benchmarks.registry import BENCHMARKS, load
from lingualift.config import Evaluation
from lingualift.evaluation.predict import Asking, load_for_generation, predict
from lingualift.evaluation.problems import PROBLEM_SCHEMA, problem_table
from lingualift.evaluation.score import mark
from lingualift.messages import LinguaLiftError
from lingualift.model.encoder import Encoder
from lingualift.tasks.forms import NLI_LABELS, nli_question
from lingualift.training.run import run_stage
from tests.unit.test_processor import PROMPT, stage

ROOT = Path(__file__).resolve().parents[2]


def test_the_folder_of_tasks_is_what_the_benchmarks_give() -> None:
    written = {
        path.name: path.read_text(encoding="utf-8")
        for path in TASKS.iterdir()
        if path.is_file() and path.suffix != ".py"
    }
    assert written == files(), "run `python dev/harness_tasks.py`"


def test_tasks_ask_for_as_many_tokens_as_the_configurations() -> None:
    import yaml

    limits = {
        name: yaml.safe_load((ROOT / f"config/{name}.yaml").read_text())["evaluation"]
        for name in ("config", "paper")
    }
    asked = dict(LIMITS)
    assert asked.pop("mmwp-mini") == limits["config"]["max_new_tokens"]
    assert set(asked.values()) == {limits["paper"]["max_new_tokens"]}


def test_lighteval_loads_the_model_from_its_file_and_gets_the_workflows_answers(
    checkpoint,
) -> None:
    pytest.importorskip("lighteval", reason="lighteval is not installed")
    from lighteval.models.custom.custom_model import CustomModelConfig
    from lighteval.models.model_loader import load_model
    from lighteval.tasks.requests import Doc

    file = ROOT / "src/lingualift/harness/lighteval_model.py"
    config = CustomModelConfig(model_name=str(checkpoint.out), model_definition_file_path=str(file))
    model = load_model(config)
    problems = load("mmwp-mini", "sw", "test")[:6]
    docs = [
        Doc(
            query=problem.question,
            choices=[" 1", " 11"],
            gold_index=0,
            generation_size=40,
            specific={"language_name": "Swahili"},
        )
        for problem in problems
    ]
    rows = workflow(checkpoint, problems, "number", max_new_tokens=40, batch=5)
    assert [response.text[0] for response in model.greedy_until(docs)] == [
        row["output"] for row in rows
    ]
    assert all(len(response.logprobs) == 2 for response in model.loglikelihood(docs))


needs_harness = pytest.mark.skipif(
    find_spec("lm_eval") is None,
    reason="lm-evaluation-harness is not installed: pip install 'lingualift[harness]'",
)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory, llama: Path, causal_encoder: Path):
    job = stage(tmp_path_factory.mktemp("stage"), llama, causal_encoder)
    run_stage(job)
    return job


def harness(checkpoint: Path, task: str, limit: int | None = None, **metadata: str):
    """The harness's results of a task."""
    from lm_eval import simple_evaluate
    from lm_eval.tasks import TaskManager

    import lingualift.harness.lm_eval_model  # noqa: F401  (registers the model)

    return simple_evaluate(
        model="lingualift",
        model_args={"pretrained": str(checkpoint), "precision": "float32"},
        tasks=[task],
        limit=limit,
        batch_size=4,
        bootstrap_iters=0,
        task_manager=TaskManager(
            include_path=str(TASKS), include_defaults=False, metadata=metadata
        ),
    )


def workflow(job, problems: list[Problem], kind: str, **settings):
    """This project's predictions."""
    states = Encoder(job.encoder, 2, torch.float32)
    states.store(job.out.with_name("asked"), [problem.question for problem in problems])
    from lingualift.model.states import load_states

    stored = load_states(job.out.with_name("asked"), [problem.question for problem in problems])
    asking = Asking("sw", kind, job.layout, PROMPT, Evaluation(**settings))
    model = load_for_generation(job.out, job.llm, torch.float32)
    return predict(model, job.llm, problems, stored, asking).to_pylist()


@needs_harness
def test_the_harness_gives_the_outputs_and_the_score_of_this_project(checkpoint) -> None:
    results = harness(checkpoint.out, "lingualift_mmwp_mini_sw", limit=12)
    problems = load("mmwp-mini", "sw", "test")[:12]
    rows = workflow(checkpoint, problems, "number", max_new_tokens=40, batch=5)
    samples = results["samples"]["lingualift_mmwp_mini_sw"]
    outputs = [sample["resps"][0][0] for sample in sorted(samples, key=lambda s: s["doc_id"])]
    assert outputs == [row["output"] for row in rows]
    assert len(set(outputs)) > 1, f"answers that are all alike would agree by chance: {outputs}"
    marked = [mark("number", row["output"], row["gold"]) for row in rows]
    scores = results["results"]["lingualift_mmwp_mini_sw"]
    assert scores["acc,none"] == sum(marks.correct for marks in marked) / 12
    assert scores["acc_strict,none"] == sum(marks.correct_strict for marks in marked) / 12


@needs_harness
def test_marks_are_this_projects_and_tell_right_from_wrong() -> None:
    from lingualift.harness.documents import documents, marks

    (document, *_) = documents("mmwp-mini", "sw", "Swahili")["test"]
    gold = document["answer"]
    assert document["question"] == load("mmwp-mini", "sw", "test")[0].question
    assert marks(document, [f" 17 + 14 = {gold}"]) == {"acc": 1.0, "acc_strict": 1.0}
    assert marks(document, ["no number"]) == {"acc": 0.0, "acc_strict": 0.0}


@needs_harness
def test_problems_of_the_paper_are_those_that_the_workflow_has_written(
    checkpoint, tmp_path: Path
) -> None:
    pairs = [("He sleeps.", "He is awake.", "contradiction"), ("A dog.", "A pet.", "entailment")]
    problems = [
        Problem(f"xnli-{n}", nli_question(a, b), label, choices=NLI_LABELS)
        for n, (a, b, label) in enumerate(pairs)
    ]
    with pytest.raises(LinguaLiftError, match=r"xnli/sw.parquet: not there; `snakemake"):
        harness(checkpoint.out, "lingualift_xnli_sw", problems=str(tmp_path))
    write_parquet(tmp_path / "xnli/sw.parquet", problem_table(problems), PROBLEM_SCHEMA)
    results = harness(checkpoint.out, "lingualift_xnli_sw", problems=str(tmp_path))
    asked = [s["doc"]["question"] for s in results["samples"]["lingualift_xnli_sw"]]
    assert asked == [problem.question for problem in problems]
    assert 0 <= results["results"]["lingualift_xnli_sw"]["acc,none"] <= 1


@needs_harness
def test_the_likeliest_choice_is_the_workflows(checkpoint) -> None:
    from lm_eval.api.instance import Instance

    from lingualift.harness.lm_eval_model import LinguaLiftLM

    questions = [f"Maria has {number} apples." for number in range(2, 8)]
    choices = (" 1", " 11", " three")
    problems = [Problem(str(n), text, " 1", choices=choices) for n, text in enumerate(questions)]
    rows = workflow(checkpoint, problems, "choice", choices="likelihood", batch=4, max_new_tokens=1)
    model = LinguaLiftLM(str(checkpoint.out), precision="float32")
    requests = [
        Instance("loglikelihood", {}, (question, choice), 0)
        for question in questions
        for choice in choices
    ]
    scores = model.loglikelihood(requests)
    best = [
        max(choices, key=lambda choice: scores[3 * row + choices.index(choice)][0])
        for row in range(len(questions))
    ]
    assert best == [row["output"] for row in rows]
    assert all(value < 0 for value, _ in scores)
    (answer,) = model.generate_until([Instance("generate_until", {}, (questions[0], {}), 0)])
    assert model.loglikelihood([Instance("loglikelihood", {}, (questions[0], answer), 0)])[0][1]


@needs_harness
def test_an_answer_ends_where_the_task_says() -> None:
    from lingualift.harness.lm_eval_model import until

    assert until("a\n\nb", {"until": ["\n\n"]}) == "a"
    assert until("a.b;c", {"until": [";", "."]}) == "a"
    assert until("whole", {}) == "whole"


@needs_harness
def test_the_launcher_runs_the_harness_with_this_projects_tasks(checkpoint, tmp_path: Path) -> None:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "lingualift.harness", "run", "--model", "lingualift"),
            *("--model_args", f"pretrained={checkpoint.out},precision=float32"),
            *("--tasks", "lingualift_mmwp_mini_en", "--limit", "2"),
            *("--output_path", str(tmp_path / "out.json")),
        ],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    (results,) = tmp_path.rglob("*.json")
    assert "lingualift_mmwp_mini_en" in json.loads(results.read_text())["results"]


@needs_harness
def test_every_language_of_every_benchmark_is_a_task() -> None:
    from lm_eval.tasks import TaskManager

    import lingualift.harness.lm_eval_model  # noqa: F401  (registers the model)

    manager = TaskManager(include_path=str(TASKS), include_defaults=False)
    for benchmark in ("mmwp-mini", "mgsm", "msvamp", "xnli", "xcsqa"):
        name = f"lingualift_{benchmark.replace('-', '_')}"
        languages = BENCHMARKS[benchmark].BENCHMARK.languages
        assert {f"{name}_{language}" for language in languages} <= set(manager.all_tasks)
        assert name in manager.all_tasks
