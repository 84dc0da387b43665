"""Training data hold no question that a benchmark asks."""

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from lingualift.benchmarks.registry import english_questions
from lingualift.messages import LinguaLiftError
from lingualift.plan import Plan, inputs
from lingualift.tasks.held_out import BenchmarkQuestions, wording
from lingualift.tasks.loaders import load_task_data
from tests.unit.test_systems import planned


def item(name: str, stem: str, *texts: str, key: str | None = "A") -> dict[str, Any]:
    texts = texts or ("ash", "bay", "cay", "den", "elm")
    choices = [{"label": label, "text": text} for label, text in zip("ABCDE", texts, strict=True)]
    question = {"stem": stem, "choices": choices}
    return {"id": name, "question": question} | ({"answerKey": key} if key else {})


def write(path: Path, *items: dict[str, Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(entry) + "\n" for entry in items), encoding="utf-8")
    return path


@pytest.fixture
def csqa(tmp_path: Path) -> Path:
    """Three questions to train on, two of the same words among them, and two that are labelled for
    development.
    """
    folder = tmp_path / "csqa"
    other = ("x", "y", "z", "u", "v")
    write(
        folder / "train_rand_split.jsonl",
        item("t1", "Where is coal?"),
        item("t2", "Where is garbage?"),
        item("t3", "Where is garbage?", *other),
    )
    write(folder / "dev_rand_split.jsonl", item("d1", "Who sings?"), item("d2", "Who reads?"))
    write(folder / "test_rand_split_no_answers.jsonl", item("n1", "Who asks?", key=None))
    return folder


@pytest.fixture
def xcsqa(tmp_path: Path) -> Path:
    """The benchmark: one question with its answer, choices in another order, one without."""
    folder = tmp_path / "xcsqa"
    turned = ("elm", "den", "cay", "bay", "ash")
    write(folder / "X-CSQA" / "en" / "dev.jsonl", item("b8", "Where is  garbage ?", *turned))
    write(folder / "X-CSQA" / "en" / "test.jsonl", item("c9", "Who sings?", key=None))
    return folder


def ids(table: Any) -> list[str]:
    return [name.removeprefix("csqa-") for name in table["id"].to_pylist()]


def test_both_labelled_parts_are_read_and_what_is_asked_is_left_out_and_counted(
    csqa: Path, xcsqa: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folders = [("csqa", None, csqa)]
    everything = load_task_data(folders, "commonsense", None, {}, None)
    assert sorted(ids(everything)) == ["d1", "d2", "t1", "t2", "t3"]
    held_out = BenchmarkQuestions({"xcsqa": english_questions("xcsqa", [xcsqa], "en")})
    with caplog.at_level(logging.INFO):
        kept = load_task_data(folders, "commonsense", None, {}, None, held_out)
    # t3 has t2's words and other choices: another question
    assert sorted(ids(kept)) == ["d2", "t1", "t3"]
    assert "csqa in en: 2 of 5 questions are asked by xcsqa and left out" in caplog.text


def test_a_limit_counts_what_is_kept(csqa: Path, xcsqa: Path) -> None:
    held_out = BenchmarkQuestions({"xcsqa": english_questions("xcsqa", [xcsqa], "en")})
    table = load_task_data([("csqa", None, csqa)], "commonsense", None, {}, 3, held_out)
    assert sorted(ids(table)) == ["d2", "t1", "t3"]


def test_translations_of_what_is_asked_are_left_out_by_their_ids(
    csqa: Path, xcsqa: Path, tmp_path: Path
) -> None:
    translated = tmp_path / "xcsqa-train"
    write(translated / "sw" / "train.jsonl", item("t1", "Wapi?"), item("t2", "Taka?"))
    folders = [("csqa", None, csqa), ("xcsqa-train", "sw", translated)]

    def held_out() -> BenchmarkQuestions:
        return BenchmarkQuestions({"xcsqa": english_questions("xcsqa", [xcsqa], "en")})

    table = load_task_data(folders, "commonsense", ["en", "sw"], {}, None, held_out())
    assert [name for name in table["id"].to_pylist() if "sw" in name] == ["xcsqa-train-sw-t1"]
    with pytest.raises(
        LinguaLiftError, match="'xcsqa-train' is read in 'sw' before any; list English, and its"
    ):
        load_task_data(folders[::-1], "commonsense", ["en", "sw"], {}, None, held_out())


def test_translated_problems_lose_the_solution_of_an_asked_original(tmp_path: Path) -> None:
    english = tmp_path / "gsm8k"
    solved = [{"question": text, "answer": "x\n#### 1"} for text in ("How much?", "How many?")]
    write(english / "train.jsonl", *solved)
    pairs = tmp_path / "gsm8kinstruct"
    pairs.mkdir()
    (pairs / "train.sw").write_text("Kiasi gani?\nNgapi?\n", encoding="utf-8")
    (pairs / "train.en").write_text("How much?\nHow many?\n", encoding="utf-8")
    folders = [("gsm8k", None, english), ("gsm8kinstruct", "sw", pairs)]
    held_out = BenchmarkQuestions({"mgsm": ["how  many"]})
    table = load_task_data(folders, "maths", ["en", "sw"], {}, None, held_out)
    assert table["question"].to_pylist() == ["How much?", "Kiasi gani?"]


def test_the_same_question_is_known_in_another_typesetting_and_not_by_its_stem_alone() -> None:
    question = "Where, then?\nOptions:A. here\tB. there\nAnswer:"
    assert wording(question) == wording("where then\nOptions:A. There\tB. here.\nAnswer:")
    assert wording(question) != wording("Where, then?\nOptions:A. here\tB. up\nAnswer:")
    assert wording("Tom has 3.") == wording("tom has 3") != wording("Tom has 4.")


@pytest.fixture(scope="module")
def paper() -> Plan:
    return planned("paper.yaml")


@pytest.mark.parametrize("task", ["commonsense", "commonsense-multilingual"])
def test_the_papers_commonsense_data_leave_out_what_xcsqa_asks(paper: Plan, task: str) -> None:
    manifest = "resources/sources/xcsr/MANIFEST.json"
    assert inputs.task_data(paper, task)["held_out"] == [manifest]
    assert inputs.held_out(paper, task) == {
        "xcsqa": {"folders": ["resources/sources/xcsr"], "code": "en"}
    }
    assert inputs.task_data(paper, "gsm8k")["held_out"] == []
    assert "X-CSQA-en/test-*.parquet" in paper.sources["xcsr"].allow


@pytest.mark.parametrize(
    ("task", "message"),
    [
        ({"without": ["xcsq"]}, "tasks.t.without: unknown benchmark 'xcsq'; did you mean 'xcsqa'"),
        ({"without": ["mgsm"]}, "tasks.t.without: 'mgsm' has no English questions of kind commons"),
        (
            {"source": "xcsqa-train", "languages": ["en", "sw"]},
            r"tasks.t.languages: none of its sources \(xcsqa-train\) has data for 'en'",
        ),
    ],
)
def test_a_task_that_cannot_be_read_so_is_refused_before_the_run(
    task: dict[str, Any], message: str
) -> None:
    whole = {"source": "csqa", "kind": "commonsense"} | task
    with pytest.raises(LinguaLiftError, match=message):
        planned("paper.yaml", {"tasks": {"t": whole}})
