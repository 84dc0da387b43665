"""AfriMGSM, MGSM-Rev2, Belebele, SIB-200, Global-MMLU-Lite and PolyMath: files in their published
forms are fetched in part and read, and those of another revision refused in one line.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lingualift.benchmarks.registry import BENCHMARKS, load
from lingualift.evaluation.answers import field_choice, strict_choice
from lingualift.languages import load_languages
from lingualift.messages import LinguaLiftError
from lingualift.model.layout import Prompt
from lingualift.retrieve.fetch import retrieve
from lingualift.retrieve.sources import load_sources
from lingualift.tasks.forms import TOPICS, question_fields, read_topics

ROOT = Path(__file__).parents[2]
TABLE = load_languages(ROOT / "config" / "languages.tsv")
SOURCES = load_sources(ROOT / "config" / "sources.yaml")
Rows = Sequence[Mapping[str, Any]]


def tsv(rows: Rows) -> str:
    names = list(rows[0])
    return "".join("\t".join(map(str, cells)) + "\n" for cells in [names, *map(dict.values, rows)])


def bare_tsv(rows: Rows) -> str:
    return "".join("\t".join(map(str, row.values())) + "\n" for row in rows)


def write_text(form: Callable[[Rows], str]) -> Callable[[Path, Rows], None]:
    return lambda path, rows: path.write_text(form(rows), encoding="utf-8") and None


def write_lines(path: Path, rows: Rows) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def write_parquet(path: Path, rows: Rows) -> None:
    pq.write_table(pa.Table.from_pylist([dict(row) for row in rows]), path)


def afrimgsm(number: int) -> dict[str, Any]:
    return {
        "question": f"Swali la {number}?",
        "answer": "",
        "answer_number": number,
        "equation_solution": "",
    }


def belebele(number: int) -> dict[str, Any]:
    return {
        "link": f"https://page/{number // 2}",
        "question_number": number % 2 + 1,
        "flores_passage": f"Kifungu {number // 2}.",
        "question": f"Swali {number}?",
        "mc_answer1": "moja",
        "mc_answer2": "mbili",
        "mc_answer3": "tatu",
        "mc_answer4": "nne",
        "correct_answer_num": str(number % 4 + 1),
        "dialect": "swh_Latn",
    }


def global_mmlu(number: int) -> dict[str, Any]:
    return {
        "sample_id": f"anatomy/test/{number}",
        "subject": "anatomy",
        "question": f"Swali {number}?",
        "option_a": "moja",
        "option_b": "mbili",
        "option_c": "tatu",
        "option_d": "nne",
        "answer": "ABCD"[number % 4],
    }


def polymath(number: int) -> dict[str, Any]:
    answer = f"${number},000$" if number % 2 else str(number)
    return {"id": f"low-sw-{number}", "question": f"Swali {number}?", "answer": answer}


def rev2(number: int) -> dict[str, Any]:
    return {"question": f"Swali la {number}?", "answer": f"{number},000"}


def sib200(number: int) -> dict[str, Any]:
    names = ["science/technology", *TOPICS[1:]]
    return {"index_id": number, "category": names[number % 7], "text": f"Sentensi {number}."}


CASES = {
    "afrimgsm": ("data/swa/test.tsv", afrimgsm, write_text(tsv), 250, "answer_number"),
    "mgsm-rev2": ("mgsm_sw.tsv", rev2, write_text(bare_tsv), 250, "answer"),
    "belebele": ("data/swh_Latn.jsonl", belebele, write_lines, 900, "flores_passage"),
    "sib200": ("swh_Latn/test.tsv", sib200, write_text(tsv), 204, "category"),
    "global-mmlu-lite": (
        "sw/test-00000-of-00001.parquet",
        global_mmlu,
        write_parquet,
        400,
        "option_c",
    ),
    "polymath-low": ("sw/low.parquet", polymath, write_parquet, 125, "answer"),
}
OTHERS = {
    "afrimgsm": ["data/swa/dev.tsv", "README.md"],
    "belebele": ["README.md"],
    "global-mmlu-lite": ["sw/dev-00000-of-00001.parquet"],
    "polymath-low": ["sw/top.parquet", "sw/medium.parquet"],
}


def written(folder: Path, name: str, drop: str = "", count: int | None = None) -> Path:
    """A folder with the benchmark's Swahili file in its published form, without a column."""
    path, row, write, whole, _ = CASES[name]
    rows = [row(number) for number in range(1, (count or whole) + 1)]
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    write(
        folder / path,
        [{key: cell for key, cell in one.items() if key != drop} for one in rows],
    )
    return folder


def read(name: str, folder: Path) -> list[Any]:
    return load(name, "sw", "test", [folder], getattr(TABLE["sw"], BENCHMARKS[name].BENCHMARK.code))


@pytest.mark.parametrize("name", CASES)
def test_the_published_form_is_read_whole(tmp_path: Path, name: str) -> None:
    problems = read(name, written(tmp_path, name))
    assert len(problems) == CASES[name][3]
    assert len({problem.id for problem in problems}) == len(problems)
    assert all(problem.id.startswith(name.removesuffix("-lite")) for problem in problems)


def test_numbers_are_read_as_numerals(tmp_path: Path) -> None:
    assert [p.answer for p in read("afrimgsm", written(tmp_path / "a", "afrimgsm"))][:2] == [
        "1",
        "2",
    ]
    assert read("mgsm-rev2", written(tmp_path / "b", "mgsm-rev2"))[6].answer == "7000"
    answers = [p.answer for p in read("polymath-low", written(tmp_path / "c", "polymath-low"))]
    assert answers[:4] == ["1000", "2", "3000", "4"]


def test_questions_with_choices_have_the_form_of_the_task_data(tmp_path: Path) -> None:
    first = read("belebele", written(tmp_path / "a", "belebele"))[0]
    assert question_fields(first.question) == {
        "stem": "Kifungu 0.\nSwali 1?",
        "choices": "A. moja\nB. mbili\nC. tatu\nD. nne",
    }
    assert (first.answer, first.choices) == ("B", ("A", "B", "C", "D"))
    mmlu = read("global-mmlu-lite", written(tmp_path / "b", "global-mmlu-lite"))[2]
    assert (mmlu.answer, question_fields(mmlu.question)["stem"]) == ("D", "Swali 3?")


def test_topics_are_words_that_both_rules_of_reading_know(tmp_path: Path) -> None:
    problems = read("sib200", written(tmp_path, "sib200"))
    assert (problems[0].question, problems[0].answer) == ("Sentensi 1.", "travel")
    assert {problem.answer for problem in problems} == set(TOPICS)
    assert Prompt("{question}\nTopic:", "").text(problems[0].question) == "Sentensi 1.\nTopic:"
    for label in TOPICS:
        assert field_choice(f" {label.capitalize()}.", TOPICS) == label
        assert strict_choice(f"The answer is {label}", TOPICS) == label


def test_the_english_training_part_of_sib200_is_task_data(tmp_path: Path) -> None:
    path = tmp_path / "train.tsv"
    path.write_text(tsv([sib200(number) for number in range(7)]), encoding="utf-8")
    examples = list(read_topics(path))
    assert [example.response for example in examples] == [example.answer for example in examples]
    assert {example.answer for example in examples} == set(TOPICS)
    assert (examples[3].id, examples[3].question) == ("3", "Sentensi 3.")
    path.write_text("index_id\tcategory\ttext\n1\tsport\tMpira.\n", encoding="utf-8")
    with pytest.raises(LinguaLiftError, match=r"line 2: unknown category 'sport'; did you mean"):
        list(read_topics(path))


@pytest.mark.parametrize("name", CASES)
def test_a_file_of_another_revision_is_refused_in_one_line(tmp_path: Path, name: str) -> None:
    column = CASES[name][4]
    with pytest.raises(LinguaLiftError) as caught:
        read(name, written(tmp_path, name, drop=column))
    said = str(caught.value)
    expected = "1 cells, expected 2" if name == "mgsm-rev2" else f"'{column}' is missing"
    assert expected in said and CASES[name][0].rpartition("/")[2] in said and "\n" not in said


@pytest.mark.parametrize("name", CASES)
def test_a_part_of_the_problems_is_refused_unless_it_is_said_to_be_one(
    tmp_path: Path, name: str
) -> None:
    folder = written(tmp_path, name, count=20)
    with pytest.raises(LinguaLiftError, match=f"{name} has 20 problems in 'sw'"):
        read(name, folder)


@pytest.mark.parametrize(
    ("name", "column", "value", "message"),
    [
        ("belebele", "correct_answer_num", "5", "line 1: the answer '5' is not one of the choices"),
        ("global-mmlu-lite", "answer", "E", "row 1: the answer 'E' is not one of the choices"),
        ("sib200", "category", "weather", "line 2: unknown category 'weather'"),
        ("afrimgsm", "answer_number", "many", "line 2: gold answer 'many' is not a number"),
        ("polymath-low", "answer", "x+1", "row 1: gold answer 'x+1' is not a number"),
    ],
)
def test_a_wrong_row_is_named(
    tmp_path: Path, name: str, column: str, value: str, message: str
) -> None:
    path, row, write, whole, _ = CASES[name]
    rows = [row(number) for number in range(1, whole + 1)]
    rows[0][column] = value
    (tmp_path / path).parent.mkdir(parents=True)
    write(tmp_path / path, rows)
    with pytest.raises(LinguaLiftError) as caught:
        read(name, tmp_path)
    assert message in str(caught.value)


@pytest.mark.parametrize("name", OTHERS)
def test_of_a_hub_repository_only_what_is_read_is_fetched(tmp_path: Path, name: str) -> None:
    (key,) = BENCHMARKS[name].BENCHMARK.sources
    source = SOURCES[key].model_copy(update={"revision": "0" * 40})
    folder = written(tmp_path / "mirror" / "hub" / (source.repository or ""), name)
    for other in OTHERS[name]:
        (folder / other).write_bytes(b"never read")
    out = tmp_path / "out"
    retrieve(source, out, tmp_path / "downloads", tmp_path / "mirror", offline=True)
    fetched = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    assert fetched - {"MANIFEST.json"} == {CASES[name][0]}
    assert len(read(name, out)) == CASES[name][3]


def test_afrimgsm_has_its_19_subsets_and_mgsm_rev2_the_groups_of_mgsm() -> None:
    benchmark = BENCHMARKS["afrimgsm"].BENCHMARK
    assert len(benchmark.languages) == 19 and len(benchmark.groups["low"]) == 17
    codes = "amh eng ewe fra hau ibo kin lin lug orm sna sot swa twi vai wol xho yor zul"
    assert sorted(TABLE[code].iso639_3 for code in benchmark.languages) == codes.split()
    assert BENCHMARKS["mgsm-rev2"].BENCHMARK.groups == BENCHMARKS["mgsm"].BENCHMARK.groups


def test_sib200_has_all_48_languages_of_mmwp_as_topics_and_all_but_english_as_retrieval() -> None:
    topics, retrieval = (BENCHMARKS[name].BENCHMARK for name in ("sib200", "sib200-sentences"))
    assert len([code for code in topics.languages if topics.group(code)]) == 48
    assert set(topics.languages) - set(retrieval.languages) == {"en"}
    assert (topics.prompt, retrieval.prompt) == ("topic", None)
