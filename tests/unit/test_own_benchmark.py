"""A benchmark of the user's own by configuration: what is read, planned and refused."""

import json
from pathlib import Path
from typing import Any

import pytest

from lingualift.benchmarks.registry import load, registered
from lingualift.config import load_config
from lingualift.messages import LinguaLiftError
from lingualift.plan import Plan, compared, inputs
from tests.unit.test_config import changed, planned


def described(folder: Path, ending: str, kind: str) -> dict[str, Any]:
    return {"files": f"{folder}/{{lang}}.{ending}", "kind": kind, "groups": {"low": ["sw"]}}


def problems(folder: Path, ending: str, kind: str, content: str) -> list[Any]:
    (folder / f"sw.{ending}").write_text(content, encoding="utf-8")
    benchmarks = registered({"mmwp": "mmwp-mini", "mine": described(folder, ending, kind)})
    return load("mine", "sw", "test", benchmarks=benchmarks)


MATHS = [("Ana ana 3, anapata 4. Ngapi?", "7"), ("Ali ana 1,200. Ngapi?", "1200")]


@pytest.mark.parametrize(
    ("ending", "content"),
    [
        ("tsv", "question\tanswer\n" + "".join(f"{q}\t{a}\n" for q, a in MATHS)),
        ("csv", "question,answer\n" + "".join(f'"{q}",{a}\n' for q, a in MATHS)),
        (
            "jsonl",
            "".join(json.dumps({"question": q, "answer": int(a)}) + "\n" for q, a in MATHS),
        ),
    ],
)
def test_maths_is_read_from_every_format(tmp_path: Path, ending: str, content: str) -> None:
    read = problems(tmp_path, ending, "maths", content)
    assert [(problem.question, problem.answer) for problem in read] == MATHS
    assert [problem.id for problem in read] == ["mine-0001", "mine-0002"]


def test_inference_and_choices_are_asked_in_the_forms_of_their_kinds(tmp_path: Path) -> None:
    content = "id\tpremise\thypothesis\tlabel\nx1\tNi mbwa.\tNi mnyama.\tentailment\n"
    (pair,) = problems(tmp_path, "tsv", "nli", content)
    assert pair.question == "Premise: Ni mbwa.\nHypothesis: Ni mnyama.\nLabel:"
    assert (pair.id, pair.answer) == ("x1", "entailment")
    content = "question\tA\tB\tC\tanswer\nNini?\tmoja\tmbili\ttatu\tB\n"
    (choice,) = problems(tmp_path, "tsv", "commonsense", content)
    assert choice.question == "Nini?\nOptions:A. moja\tB. mbili\tC. tatu\nAnswer:"
    assert (choice.answer, choice.choices) == ("B", ("A", "B", "C"))


@pytest.mark.parametrize(
    ("kind", "content", "message"),
    [
        ("maths", "question\tanswer\nNgapi?\tsaba\n", "line 2: gold answer 'saba' is not a number"),
        ("maths", "question\nNgapi?\n", "line 2: 'answer' is missing"),
        ("maths", "question\tanswer\n", "mine has no problem in 'sw'"),
        ("maths", "id\tquestion\tanswer\na\tx\t1\na\ty\t2\n", "line 3: id 'a' stands at"),
        ("nli", "premise\thypothesis\tlabel\nx\ty\tyes\n", "line 2: unknown label 'yes'"),
        ("commonsense", "question\tA\tB\tanswer\nx\ty\tz\tC\n", "answer 'C' is not one of A, B"),
        ("commonsense", "question\tA\tC\tanswer\nx\ty\tz\tC\n", "needs choices in the columns A"),
    ],
)
def test_a_malformed_row_is_named(tmp_path: Path, kind: str, content: str, message: str) -> None:
    with pytest.raises(LinguaLiftError, match=message.replace("(", r"\(")):
        problems(tmp_path, "tsv", kind, content)


@pytest.fixture
def asked(tmp_path: Path) -> Plan:
    (tmp_path / "sw.tsv").write_text("question\tanswer\nNgapi?\t7\n")
    mine = described(tmp_path, "tsv", "maths")
    return planned(changed("benchmarks", {"mmwp": "mmwp-mini", "mine": mine}))


def test_it_is_planned_as_any_other(asked: Plan, tmp_path: Path) -> None:
    assert asked.languages_of("mine") == ["sw"]
    assert asked.runs_on("mine") == asked.runs_on("mmwp-mini")
    assert asked.benchmark_manifests("mine", "sw") == [f"{tmp_path}/sw.tsv"]
    needs = compared.results_table(asked, "mine")
    assert needs["problems"] == ["results/problems/mine/sw.parquet"]
    assert "results/scores/lingualift/mine.parquet" in needs["scores"]


def test_a_change_of_its_kind_or_files_is_read_anew(asked: Plan, tmp_path: Path) -> None:
    other = {**described(tmp_path, "tsv", "nli")}
    config = changed("benchmarks", {"mmwp": "mmwp-mini", "mine": other})
    config["prompts"]["nli"] = {"template": "{question}"}
    first, second = (inputs.reading(made, "mine", "sw") for made in (asked, planned(config)))
    assert first != second
    assert "version" not in inputs.reading(planned(changed("seeds", [1])), "mgsm", "sw")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"files": "my.tsv"}, "benchmarks.mine.files: needs {lang}"),
        ({"files": "my/{lang}.xlsx"}, "unknown format of a benchmark's file"),
        ({"kind": "sums"}, "benchmarks.mine.kind"),
        ({"kind": "topic"}, "benchmarks.mine.kind"),  # SIB-200's seven alone
        ({"groups": {}}, "benchmarks.mine.groups"),
        ({"colour": "red"}, "unknown key 'benchmarks.mine.colour'"),
    ],
)
def test_a_mistake_in_its_description_names_the_key(change: dict[str, Any], message: str) -> None:
    values = {"mine": {**described(Path("my"), "tsv", "maths"), **change}}
    with pytest.raises(LinguaLiftError) as refusal:
        load_config(changed("benchmarks", values))
    assert message in str(refusal.value) and "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("table", "groups", "message"),
    [
        ("mine", {"low": ["sw"]}, "benchmarks.mine.files: my/sw.tsv is not there"),
        ("mine", {"low": ["xx"]}, "benchmarks.mine.groups: unknown language 'xx'"),
        ("mine", {"low": ["yy", "sw"]}, "unknown language 'yy'"),
        ("mine", {"low": ["eo"], "high": ["eo"]}, "unknown language 'eo'"),
        ("mine", {"low": ["lb"], "high": ["lb"]}, "'lb' is in two groups"),
        ("mgsm", {"low": ["sw"]}, "benchmarks.mgsm: 'mgsm' is another benchmark"),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_runs(
    table: str, groups: dict[str, list[str]], message: str
) -> None:
    values = {table: {**described(Path("my"), "tsv", "maths"), "groups": groups}}
    with pytest.raises(LinguaLiftError, match=message):
        planned(changed("benchmarks", {"mmwp": "mmwp-mini", **values}))
