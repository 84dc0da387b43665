"""The loaders on the real files, where a copy of the public data is at hand."""

import os
from collections import Counter
from pathlib import Path

import pytest

from lingualift.tasks.loaders import load_sources, load_task
from lingualift.tasks.near_duplicates import nearest_training

DATA = Path(
    os.environ.get("LINGUALIFT_DATA") or Path(__file__).parents[2].parent / "shared" / "data"
)


def data(*parts: str) -> Path:
    path = DATA.joinpath(*parts)
    if not path.is_file():
        pytest.skip(f"{'/'.join(parts)} is not in the data folder; set LINGUALIFT_DATA")
    return path


def test_gsm8k_is_read_completely():
    train, test = (
        load_task("gsm8k", [data("gsm8k", "train.jsonl")]),
        load_task("gsm8k", [data("gsm8k", "test.jsonl")]),
    )
    assert (train.num_rows, test.num_rows) == (7473, 1319)
    assert not any(
        "<<" in response or "####" in response for response in train["response"].to_pylist()
    )
    assert all(
        response.endswith(f"The answer is: {answer}")
        for response, answer in zip(
            train["response"].to_pylist(), train["answer"].to_pylist(), strict=True
        )
    )


def test_commonsenseqa_is_read_completely():
    for split, count in (("train", 9741), ("dev", 1221)):
        table = load_task("commonsenseqa", [data("csqa", f"{split}_rand_split.jsonl")])
        assert table.num_rows == count
        assert set(table["answer"].to_pylist()) == set("ABCDE")
        assert all(
            "\nOptions:A. " in question and question.endswith("\nAnswer:")
            for question in table["question"].to_pylist()
        )


def test_near_duplicates_within_gsm8k_are_found():
    train = load_task("gsm8k", [data("gsm8k", "train.jsonl")])["question"].to_pylist()
    test = load_task("gsm8k", [data("gsm8k", "test.jsonl")])["question"].to_pylist()[:60]
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
    solved = load_sources([english, *folders], "maths", ["en", *counts])
    assert Counter(solved["language"].to_pylist()) == {
        "en": 7473,
        **counts,
    }  # every translated question finds its English solution
    parallel = load_sources(folders, "translation", list(counts))
    assert Counter(parallel["language"].to_pylist()) == counts
