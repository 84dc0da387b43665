"""The benchmark loaders on the real files (`LINGUALIFT_DATA`, default ../shared/data beside the
repository); skipped where absent.
"""

import os
from pathlib import Path

import pytest

from lingualift.benchmarks.registry import BENCHMARKS, load
from lingualift.languages import load_languages
from lingualift.messages import LinguaLiftError
from lingualift.retrieve.fetch import retrieve
from lingualift.retrieve.sources import load_sources
from lingualift.tasks.forms import TOPICS, read_topics

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("LINGUALIFT_DATA") or ROOT.parent / "shared" / "data")
TABLE = load_languages(ROOT / "config" / "languages.tsv")
SOURCES = load_sources(ROOT / "config" / "sources.yaml")


def folder(name: str) -> Path:
    if not (DATA / name).is_dir():
        pytest.skip(f"{DATA / name} is absent: set LINGUALIFT_DATA to the folder that holds it")
    return DATA / name


@pytest.mark.parametrize("language", BENCHMARKS["mgsm"].BENCHMARK.languages)
def test_mgsm_has_250_problems_with_the_english_answers(language):
    problems = load("mgsm", language, "test", [folder("mgsm")])
    assert [p.answer for p in problems] == [
        p.answer for p in load("mgsm", "en", "test", [folder("mgsm")])
    ]


@pytest.mark.parametrize("language", BENCHMARKS["msvamp"].BENCHMARK.languages)
def test_the_excerpt_of_msvamp_is_read_as_one_and_refused_as_the_whole(language):
    code = TABLE[language].name
    problems = load("msvamp", language, "test", [folder("msvamp")], code, excerpt=True)
    english = load("msvamp", "en", "test", [folder("msvamp")], "English", excerpt=True)
    assert len(problems) == 150 and [p.answer for p in problems] == [p.answer for p in english]
    with pytest.raises(
        LinguaLiftError, match=f"msvamp has 150 problems in '{language}' .test., expected 1000"
    ):
        load("msvamp", language, "test", [folder("msvamp")], code)


def test_xnlis_english_and_german_files_are_parallel():
    english, german = (
        load("xnli", language, "test", [folder("xnli")]) for language in ("en", "de")
    )
    assert [p.answer for p in english] == [p.answer for p in german] and len(english) == 5010
    assert {
        label: sum(p.answer == label for p in english) for label in english[0].choices
    } == dict.fromkeys(english[0].choices, 1670)
    assert len(load("xnli", "en", "dev", [folder("xnli")])) == 2490


@pytest.mark.parametrize("language", BENCHMARKS["sib200-sentences"].BENCHMARK.languages)
def test_sib200_has_the_same_sentences_in_every_language(language):
    code = TABLE[language].nllb
    if not (folder("sib200") / code / "test.tsv").is_file():
        pytest.skip(f"{code}/test.tsv is absent from {DATA / 'sib200'}")
    problems = load("sib200-sentences", language, "test", [folder("sib200")], code)
    english = load("sib200-sentences", "sw", "test", [folder("sib200")], TABLE["sw"].nllb)
    assert {(one.id, one.translation) for one in problems} == {
        (one.id, one.translation) for one in english
    }


@pytest.mark.parametrize("split", ["dev", "test"])
@pytest.mark.parametrize("language", BENCHMARKS["sib200"].BENCHMARK.languages)
def test_sib200_has_the_same_topics_in_every_language(language, split):
    code = TABLE[language].nllb
    if not (folder("sib200") / code / f"{split}.tsv").is_file():
        pytest.skip(f"{code}/{split}.tsv is absent from {DATA / 'sib200'}")
    problems = load("sib200", language, split, [folder("sib200")], code)
    english = load("sib200", "en", split, [folder("sib200")], "eng_Latn")
    assert {(one.id, one.answer) for one in problems} == {(one.id, one.answer) for one in english}


def test_sib200s_english_training_part_shares_no_sentence_with_the_others():
    path = folder("sib200") / "eng_Latn" / "train.tsv"
    if not path.is_file():
        pytest.skip(f"eng_Latn/train.tsv is absent from {DATA / 'sib200'}")
    training = list(read_topics(path))
    assert len(training) == 701 and {example.answer for example in training} == set(TOPICS)
    for split in ("dev", "test"):
        problems = load("sib200", "en", split, [folder("sib200")], "eng_Latn")
        assert not {problem.question for problem in problems} & {one.question for one in training}
        assert not {problem.id for problem in problems} & {f"sib200-{one.id}" for one in training}


@pytest.mark.parametrize("language", BENCHMARKS["tatoeba"].BENCHMARK.languages)
def test_tatoebas_files_are_parallel(language):
    code = TABLE[language].tatoeba
    if not (folder("tatoeba") / f"tatoeba.{code}-eng.{code}").is_file():
        pytest.skip(f"tatoeba.{code}-eng.{code} is absent from {DATA / 'tatoeba'}")
    problems = load("tatoeba", language, "test", [folder("tatoeba")], code)
    assert 100 <= len(problems) <= 1000 and all(p.translation for p in problems)


def test_the_rebuilt_english_side_of_mmwp_is_multi_step_numeric_and_without_repetitions():
    problems = load("mmwp-english", "en", "test", [folder("asdiv"), folder("mawps")])
    drawn = [sum(p.id.startswith(name) for p in problems) for name in ("nluds", "mawps")]
    assert drawn == [423, 478]  # of 500 each: 77 and none without a numeric answer, then 22 texts
    assert len({p.question.lower() for p in problems}) == len(problems)


def test_a_benchmark_file_with_a_wrong_checksum_is_refused(tmp_path):
    mirror = tmp_path / "mirror"
    (mirror / "mgsm").mkdir(parents=True)
    text = (folder("mgsm") / "mgsm_sw.tsv").read_text(encoding="utf-8")
    (mirror / "mgsm" / "mgsm_sw.tsv").write_text(text.replace("18", "19", 1), encoding="utf-8")
    with pytest.raises(LinguaLiftError, match=r"mgsm_sw\.tsv"):
        retrieve(
            SOURCES["mgsm"].for_language(TABLE["sw"]),
            tmp_path / "out",
            tmp_path / "downloads",
            mirror,
            offline=True,
        )
