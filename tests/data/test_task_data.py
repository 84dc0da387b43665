"""The loaders on the real files, where a copy of the public data is at hand."""

import json
import os
import random
from collections import Counter
from pathlib import Path

import pytest

from lingualift.benchmarks.registry import english_questions
from lingualift.tasks.forms import FORMS, Example
from lingualift.tasks.held_out import BenchmarkQuestions
from lingualift.tasks.loaders import load_task_data
from tests.near_duplicates import nearest_training

DATA = Path(
    os.environ.get("LINGUALIFT_DATA") or Path(__file__).parents[2].parent / "shared" / "data"
)


def data(*parts: str) -> Path:
    path = DATA.joinpath(*parts)
    if not path.is_file():
        pytest.skip(f"{'/'.join(parts)} is not in the data folder; set LINGUALIFT_DATA")
    return path


def examples(form: str, path: Path) -> list[Example]:
    return list(FORMS[form](path))


def test_gsm8k_is_read_completely():
    train, test = (
        examples("gsm8k", data("gsm8k", f"{split}.jsonl")) for split in ("train", "test")
    )
    assert (len(train), len(test)) == (7473, 1319)
    for example in train:
        assert "<<" not in example.response and "####" not in example.response
        assert example.response.endswith(f"The answer is: {example.answer}")


def test_commonsenseqa_is_read_completely():
    for split, count in (("train", 9741), ("dev", 1221)):
        found = examples("multiple-choice", data("csqa", f"{split}_rand_split.jsonl"))
        assert len(found) == count and {example.answer for example in found} == set("ABCDE")
        assert all(
            "\nOptions:A. " in example.question and example.question.endswith("\nAnswer:")
            for example in found
        )


def test_near_duplicates_within_gsm8k_are_found():
    train, test = (
        [example.question for example in examples("gsm8k", data("gsm8k", f"{split}.jsonl"))]
        for split in ("train", "test")
    )
    test = test[:60]
    result = nearest_training([*test, train[100]], train[:2000])
    assert result.train_index[-1] == 100 and result.similarity[-1] == pytest.approx(1.0)
    assert (result.similarity[:-1] < 0.9).mean() > 0.9


def test_gsm8kinstruct_is_read_completely_as_task_data_and_as_parallel_text():
    counts = {"de": 7464, "es": 7468, "fr": 7464, "ja": 7466, "ru": 7360, "sw": 7469, "zh": 7363}
    folders = [
        ("gsm8kinstruct", code, data("gsm8kinstruct", f"{code}-en", f"train.{code}").parent)
        for code in counts
    ]
    english = ("gsm8k", None, data("gsm8k", "train.jsonl").parent)
    solved = load_task_data([english, *folders], "maths", ["en", *counts], {}, None)
    assert Counter(solved["language"].to_pylist()) == {
        "en": 7473,
        **counts,
    }  # every translated question finds its English solution
    parallel = load_task_data(folders, "translation", list(counts), {}, None)
    assert Counter(parallel["language"].to_pylist()) == counts


def test_commonsenseqa_without_what_xcsqa_asks_is_the_papers_training_part(tmp_path):
    """Any 1,000 and 1,074 of the labelled questions in X-CSQA's form, as the paper's Table 5 needs
    it: 8,888 are left, and each question is one of its own.
    """
    paths = [data("csqa", f"{split}_rand_split.jsonl") for split in ("dev", "train")]
    lines = [line for path in paths for line in path.read_text(encoding="utf-8").splitlines()]
    drawn = random.Random(5).sample(lines, 2074)
    folder = tmp_path / "X-CSQA" / "en"
    folder.mkdir(parents=True)
    for name, part in (("dev", drawn[:1000]), ("test", drawn[1000:])):
        (folder / f"{name}.jsonl").write_text("\n".join(part), encoding="utf-8")
    asked = BenchmarkQuestions({"xcsqa": english_questions("xcsqa", [tmp_path], "en")})
    folders = [("csqa", None, paths[0].parent)]
    kept = load_task_data(folders, "commonsense", None, {}, None, asked)
    assert kept.num_rows == 8888
    ids = {f"csqa-{json.loads(line)['id']}" for line in drawn}
    assert len(ids) == 2074 and not ids & set(kept["id"].to_pylist())
