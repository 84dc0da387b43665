"""The paper's tables and figures by name: its own figures digit for digit, ours beside them, and
what a configuration lacks.
"""

import csv
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from scipy.stats import spearmanr

from lingualift.benchmarks.base import Problem
from lingualift.benchmarks.registry import BENCHMARKS
from lingualift.figures.base import Drawing, LeftOut
from lingualift.figures.write import write_figure
from lingualift.messages import LinguaLiftError
from lingualift.model.states import States
from lingualift.paper import ARTIFACTS, SLOTS, kind, make
from lingualift.paper.base import Answers, Artifact, LanguageFacts, PaperInputs, SystemFacts, Table
from lingualift.paper.correlations import Point, correlation
from lingualift.paper.dots import PAPER
from lingualift.paper.index import index
from lingualift.paper.measured import Slot
from lingualift.paper.published import facts, paper_rows, read_published
from lingualift.paper.sentences import select
from lingualift.paper.tsne import affinities, gradient, squared_distances, tsne
from lingualift.paper.write import rendered
from lingualift.plan import paper as plan_paper
from lingualift.plan.systems import load_systems
from tests.unit.test_paper_configuration import merged
from tests.unit.test_systems import planned

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "config/reference"
RESULTS = Path(os.environ.get("LINGUALIFT_PAPER") or ROOT.parent / "shared/paper") / "results.csv"
ACCURACY_TABLES = [name for name, of in ARTIFACTS.items() if name.startswith("table-") and of.rows]
LANGUAGES = {
    code: LanguageFacts(code, "a family", "Latn", "low")
    for benchmark in ("mmwp", "mgsm", "msvamp", "xnli", "xcsqa")
    for code in BENCHMARKS[benchmark].BENCHMARK.languages
}


def row(system: str, scope: str, accuracy: float, seed: int | None = None) -> dict[str, Any]:
    return {
        "origin": "measured",
        "system": system,
        "seed": seed,
        "scope": scope,
        "accuracy": accuracy,
        "low": accuracy - 2,
        "high": accuracy + 2,
        "n": 80,
        "seed_deviation": None,
    }


def slot(name: str, rows: list[dict[str, Any]]) -> Slot:
    return Slot(name, name, BENCHMARKS[name].BENCHMARK.groups, rows)


def inputs(name: str, *, asked: dict[str, Slot] | None = None, **others: Any) -> PaperInputs:
    """The inputs of an entry; every slot is there, empty unless `asked` fills it."""
    artifact = ARTIFACTS[name]
    paths = [REFERENCE / f"{benchmark}.csv" for benchmark in artifact.benchmarks]
    slots = {benchmark: slot(benchmark, []) for benchmark in artifact.benchmarks} | (asked or {})
    values = {
        "rows": paper_rows(artifact.rows),
        "published": read_published(paths),
        "facts": facts(artifact.facts) if artifact.facts else [],
        "slots": slots,
        "languages": LANGUAGES,
    }
    return PaperInputs(name, artifact.title, **{**values, **others})


def made_table(name: str, **given: Any) -> Table:
    table = make(name, inputs(name, **given))
    assert isinstance(table, Table)
    assert {len(line) for line in table.rows} == {len(table.header)}
    return table


def printed_cells(table: Table) -> list[str]:
    columns = [place for place, name in enumerate(table.header) if name.endswith("(paper)")]
    return [line[place] for line in table.rows for place in columns if line[place]]


def published_of(title: str) -> list[str]:
    found = []
    for path in REFERENCE.glob("*.csv"):
        with open(path, newline="", encoding="utf-8") as handle:
            found += [r["accuracy"] for r in csv.DictReader(handle) if r["table"] == title]
    return found


@pytest.mark.parametrize("name", ACCURACY_TABLES)
def test_every_figure_that_the_paper_prints_stands_in_its_table_to_the_last_digit(
    name: str,
) -> None:
    artifact = ARTIFACTS[name]
    cells = printed_cells(made_table(name))
    if name in ("table-20", "table-21"):
        expected = [fact["accuracy"] for fact in facts(name)]
        assert len(expected) == (21 + 5) * 4
    else:
        expected = published_of(artifact.rows[0])
        expected += [fact["parameters"] for fact in facts(name)] if artifact.facts else []
    assert sorted(cells) == sorted(expected) and expected


def test_tables_hold_the_papers_results_and_nothing_else() -> None:
    if not RESULTS.is_file():
        pytest.skip("the paper's results.csv is absent: set LINGUALIFT_PAPER to its folder")
    with open(RESULTS, newline="", encoding="utf-8") as handle:
        results = list(csv.DictReader(handle))
    for name in ACCURACY_TABLES:
        expected = [r["accuracy"] for r in results if r["table"] == ARTIFACTS[name].rows[0]]
        if expected:
            cells = [cell for cell in printed_cells(made_table(name)) if not cell.endswith("M")]
            assert sorted(cells) == sorted(expected), name


def test_printed_facts_of_groups_are_the_papers_groups() -> None:
    for table, column in (("table-20", "paper_family"), ("table-21", "paper_script")):
        groups = {f["language"]: f["group"] for f in facts(table) if f["language"] != "average"}
        with open(ROOT / "config/languages.tsv", encoding="utf-8") as handle:
            known = {r["code"]: r[column] for r in csv.DictReader(handle, delimiter="\t")}
        assert groups == {code: group for code, group in known.items() if group}


def test_every_system_that_stands_for_a_printed_row_is_defined_or_a_variant_of_ours() -> None:
    defined = set(load_systems(ROOT / "config/systems"))
    for entry in ARTIFACTS.values():
        for printed in paper_rows(entry.rows):
            assert defined & set(printed.systems), printed


def test_ours_stands_beside_the_paper_with_the_difference_where_all_languages_were_asked() -> None:
    low = BENCHMARKS["mgsm"].BENCHMARK.groups["low"]
    rows = [row("lingualift", code, 50.0 + place) for place, code in enumerate(low)]
    asked = {"mgsm": slot("mgsm", rows)}
    systems = {"lingualift": SystemFacts("LinguaLIFT", "a-model")}
    table = made_table("table-14", asked=asked, systems=systems)
    line = dict(zip(table.header, table.rows[0], strict=True))
    assert (line["system"], line["ours"], line["LLM"]) == ("LinguaLIFT", "LinguaLIFT", "a-model")
    assert (line["bn"], line["bn (paper)"], line["bn (difference)"]) == ("50.0", "52.8", "-2.8")
    assert (line["LR."], line["LR. (paper)"], line["LR. (difference)"]) == ("51.5", "54.0", "-2.5")
    assert (line["Avg."], line["Avg. (difference)"]) == ("51.5", "")  # the others were not asked
    assert line["de"] == line["de (difference)"] == "" and line["de (paper)"] == "62.8"
    assert table.measured == len(low) + 2
    assert any("Avg. over bn, sw, te, th" in sentence for sentence in table.missing)
    assert any(sentence.startswith("Not run: w/o language-align") for sentence in table.missing)


def test_tables_on_other_llms_average_the_languages_that_they_print() -> None:
    codes = BENCHMARKS["mgsm"].BENCHMARK.languages
    name = "lingualift-metamath-mistral-7b"
    rows = [row(name, code, 0.0 if code == "te" else 60.0) for code in codes]
    systems = {name: SystemFacts("LinguaLIFT (Mistral-7B)", "mistral-7b")}
    table = made_table("table-23", asked={"mgsm": slot("mgsm", rows)}, systems=systems)
    line = dict(zip(table.header, table.rows[-1], strict=True))
    assert "te" not in line and line["LR."] == line["Avg."] == "60.0"


def test_a_system_that_the_paper_prints_nothing_of_has_no_figure_of_the_papers() -> None:
    asked = {"mmwp": slot("mmwp", [row("mono-sft", "sw", 12.0)])}
    table = made_table("table-07", asked=asked, systems={"mono-sft": SystemFacts("Mono-SFT", "m")})
    column = table.header.index("Mono-SFT, trained here")
    cells = {line[2]: line[column : column + 3] for line in table.rows}
    assert cells["sw"] == ["12.0", "", ""] and cells["system"] == ["Mono-SFT", "", ""]


@pytest.fixture
def new_module(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    module = ModuleType("a_new_figure")
    vars(module)["make"] = lambda artifact, inputs: LeftOut(f"{artifact.title} of {inputs.name}")
    monkeypatch.setitem(sys.modules, "lingualift.paper.a_new_figure", module)
    yield "a_new_figure"


def test_a_figure_costs_one_module_and_one_entry(new_module: str) -> None:
    register = {**ARTIFACTS, "figure-14": Artifact(new_module, "A new figure")}
    made = make("figure-14", PaperInputs("figure-14"), register)
    assert made == LeftOut("A new figure of figure-14") and kind("figure-14", register) == "svg"
    assert "| figure-14.svg | A new figure | lacking |" in index(
        {}, dict.fromkeys(register, "something"), register
    )


def test_there_are_24_tables_8_figures_and_3_pages_and_the_paper_preset_gives_all() -> None:
    kinds = [kind(name) for name in ARTIFACTS]
    numbers = {"csv": 24, "svg": 8, "html": 3}
    assert {one: kinds.count(one) for one in numbers} == numbers
    targets = plan_paper.targets(planned("paper.yaml"))
    assert targets == [f"results/paper/{name}.{kind(name)}" for name in ARTIFACTS]


@pytest.mark.parametrize(
    ("name", "lack"),
    [
        ("table-12", "the benchmark xnli (`benchmarks`)"),
        ("table-08", "qalign-openmath2: one of them (`systems`)"),
        ("figure-07", "the benchmark tatoeba (`benchmarks`)"),
        ("table-06", "the system translate-en"),
    ],
)
def test_what_a_configuration_lacks_is_one_line(name: str, lack: str) -> None:
    plan = planned()
    with pytest.raises(LinguaLiftError) as caught:
        plan_paper.artifact_files(plan, name)
    assert lack in str(caught.value) and name in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
    assert name not in plan_paper.available(plan) and name in plan_paper.lacking(plan)


def test_a_page_needs_its_language_asked() -> None:
    plan = planned({"languages": {"evaluation": ["en", "sw"]}})
    available = plan_paper.available(plan)
    assert "figure-13" in available and not {"figure-11", "figure-12"} & set(available)
    assert merged("paper.yaml")["benchmarks"].keys() >= set(SLOTS)


def test_the_correlation_is_spearmans_and_its_interval_holds_it() -> None:
    generator = np.random.default_rng(1)
    of = [
        Point(f"s{system}", f"l{language}", "low", float(x), float(x + generator.normal(0, 12)))
        for system in range(5)
        for language, x in enumerate(generator.uniform(0, 100, 6))
    ]
    rank = correlation(of)
    pairs = [(point.retrieval, point.accuracy) for point in of]
    expected = spearmanr(*zip(*pairs, strict=True))
    assert rank is not None and rank.n == 30
    assert (rank.rho, rank.p) == pytest.approx((expected.statistic, expected.pvalue))
    assert 0 < rank.low < rank.rho < rank.high <= 1
    assert correlation(of[:4]) is None
    assert correlation([Point("s", str(i), "low", 1.0, float(i)) for i in range(9)]) is None


def test_retrieval_and_accuracy_meet_by_level_in_table_19() -> None:
    codes = ("bn", "sw", "te", "th")
    ours = [row(s, c, 10.0 * p + q) for q, s in enumerate("abc") for p, c in enumerate(codes)]
    retrieval = Slot("retrieval", "tatoeba", BENCHMARKS["tatoeba"].BENCHMARK.groups, ours)
    table = made_table("table-19", asked={"mgsm": slot("mgsm", ours)}, retrieval=retrieval)
    lines = {(line[0], line[1]): dict(zip(table.header, line, strict=True)) for line in table.rows}
    low = lines["MGSM", "LR."]
    assert (low["rho"], low["rho (paper)"], low["rho (difference)"]) == (
        "1.000",
        "0.733*",
        "+0.267",
    )
    assert (low["points"], low["systems"], low["languages"]) == ("12", "3", "4")
    assert lines["MSVAMP", "HR."]["rho"] == "" and lines["MSVAMP", "HR."]["rho (paper)"] == "0.783*"


def test_affinities_have_the_perplexity_that_is_asked() -> None:
    vectors = np.random.default_rng(0).normal(size=(60, 5))
    joint = affinities(vectors, 10.0)
    assert joint.sum() == pytest.approx(1.0) and np.allclose(joint, joint.T)
    distances = squared_distances(vectors)
    assert distances[3, 7] == pytest.approx(((vectors[3] - vectors[7]) ** 2).sum())


def test_the_gradient_is_that_of_the_divergence() -> None:
    generator = np.random.default_rng(0)
    joint = affinities(generator.normal(size=(8, 3)), 2.0)
    points, step = generator.normal(size=(8, 2)), 1e-6
    slope, _ = gradient(joint, points)
    for place in ((0, 0), (3, 1), (7, 0)):
        moved = [points.copy(), points.copy()]
        moved[0][place] += step
        moved[1][place] -= step
        numeric = (gradient(joint, moved[0])[1] - gradient(joint, moved[1])[1]) / (2 * step)
        assert slope[place] == pytest.approx(numeric, rel=1e-4, abs=1e-8)


def test_tsne_keeps_neighbours_together_and_is_the_same_every_time() -> None:
    generator = np.random.default_rng(0)
    groups = np.repeat(np.arange(3), 20)
    vectors = generator.normal(size=(3, 16))[groups] * 8 + generator.normal(size=(60, 16))
    points = tsne(vectors, 8.0)
    distances = squared_distances(points)
    np.fill_diagonal(distances, np.inf)
    assert (groups[distances.argmin(1)] == groups).all()
    assert np.array_equal(points, tsne(vectors, 8.0))
    assert tsne(vectors[:2]).shape == (2, 2)


def test_answers_are_text_and_the_same_problems_for_all() -> None:
    ids = [f"p{number:02d}" for number in range(20)]
    answers = Answers(
        "mmwp-mini",
        questions={id_: f"swali {id_}" for id_ in ids},
        english={id_: f"question {id_}" for id_ in ids},
        gold=dict.fromkeys(ids, "4"),
        outputs={
            "a": dict.fromkeys(ids, "<script>alert(1)</script>"),
            "b": dict.fromkeys(ids, "4"),
        },
        correct={"a": dict.fromkeys(ids, False), "b": dict.fromkeys(ids, True)},
    )
    systems = {"a": SystemFacts("A", "m"), "b": SystemFacts("B", "m")}
    page = make("figure-13", inputs("figure-13", answers=answers, systems=systems))
    assert [block.id for block in page.blocks] == ["p00", "p04", "p08", "p12", "p16"]
    assert page.blocks[1].answers == [("A", "<script>alert(1)</script>", False), ("B", "4", True)]
    text = rendered(page)
    assert "<script" not in text and "&lt;script&gt;" in text and "question p04" in text


def test_the_papers_figures_stand_hollow_beside_ours_in_figure_3() -> None:
    groups = BENCHMARKS["mgsm"].BENCHMARK.groups
    rows = [row("lingualift", code, 50.0) for codes in groups.values() for code in codes]
    rows += [row("lingualift", scope, 50.0) for scope in ("Low", "High", "Avg.")]
    asked = {"mgsm": slot("mgsm", rows)}
    systems = {"lingualift": SystemFacts("LinguaLIFT", "m")}
    drawing = make("figure-03", inputs("figure-03", asked=asked, systems=systems))
    assert isinstance(drawing, Drawing) and "LinguaLIFT reaches 50.0 %" in drawing.title
    chart = drawing.chart.to_dict()
    data = chart["datasets"][chart["data"]["name"]]
    hollow = {(dot["series"], dot["accuracy"]) for dot in data if dot["source"] == PAPER}
    assert ("low-resource", 54.0) in hollow and ("all languages", 57.5) in hollow
    points = chart["spec"]["layer"][-1]  # a legend fills what the chart leaves unfilled
    ours, theirs = points["encoding"]["shape"]["scale"]["range"]
    assert points["mark"]["filled"] and ours == "circle" and theirs.count("Z") == 2
    reach = points["mark"]["size"] ** 0.5 / 2  # of a point at 0 %, towards its condition's name
    assert points["encoding"]["y"]["axis"]["labelPadding"] > reach + 2


def full_slot(name: str, systems: list[str]) -> Slot:
    """Every system asked in every language, with its averages."""
    groups = BENCHMARKS[name].BENCHMARK.groups
    scopes = [code for codes in groups.values() for code in codes]
    scopes += [*(level.capitalize() for level in groups if level), "Avg."]
    rows = [
        row(system, scope, 30.0 + 5 * place + number % 7)
        for place, system in enumerate(systems)
        for number, scope in enumerate(scopes)
    ]
    return slot(name, rows)


def group_rows(systems: list[str]) -> list[dict[str, Any]]:
    """Rows of the table by the paper's families and scripts."""
    levels = {"paper family": "Dravidian (ta, te)", "paper script": "Latin (sw)"}
    return [
        {**row(system, f"the paper's {group}", 40.0 + place), "level": level}
        for place, system in enumerate(systems)
        for level, group in levels.items()
    ]


def sentence_rows() -> list[dict[str, Any]]:
    return [
        {"space": space, "benchmark": "sib200-sentences", "language": code, "id": str(number)}
        | {"x": float(number), "y": 1.0, "retrieved": None if code == "en" else number > 1}
        for space in ("encoder", "LLM")
        for code in ("en", "sw")
        for number in range(4)
    ]


@pytest.mark.parametrize("name", [name for name in ARTIFACTS if kind(name) == "svg"])
def test_every_figure_says_n_and_what_its_intervals_are(name: str, tmp_path: Path) -> None:
    artifact = ARTIFACTS[name]
    systems = list(dict.fromkeys(one.systems[0] for one in paper_rows(artifact.rows)))
    systems = systems or ["mono-sft", "lingualift"]
    given = inputs(
        name,
        asked={benchmark: full_slot(benchmark, systems) for benchmark in artifact.benchmarks},
        retrieval=full_slot("tatoeba", systems),
        groups=group_rows(systems),
        sentences=sentence_rows(),
        systems={system: SystemFacts(system, "an-llm", system, 0.9) for system in systems},
    )
    drawing = make(name, given)
    assert isinstance(drawing, Drawing)
    assert "n = " in drawing.caption and "nterval" in drawing.caption
    assert not re.search(r"(\d+) to \1 ", drawing.caption)
    svg = tmp_path / "figure.svg"
    write_figure(drawing, svg, tmp_path / "figure.png", tmp_path / "figure.json")
    assert svg.read_text(encoding="utf-8").count("<path") > 3


def test_families_have_the_intervals_of_the_table_by_group() -> None:
    asked = {"mmwp": full_slot("mmwp", ["lingualift"])}
    systems = {"lingualift": SystemFacts("LinguaLIFT", "an-llm")}
    rows = group_rows(["lingualift"])
    drawing = make("figure-08", inputs("figure-08", asked=asked, systems=systems, groups=rows))
    (families, scripts) = drawing.chart.to_dict()["datasets"].values()
    for (dot,), condition in ((families, "Dravidian"), (scripts, "Latin")):
        assert (dot["condition"], dot["accuracy"], dot["low"]) == (condition, 40.0, 38.0)


@pytest.mark.parametrize("name", [name for name in ARTIFACTS if kind(name) == "svg"])
def test_a_figure_without_anything_measured_says_so(name: str) -> None:
    retrieval = Slot("retrieval", "tatoeba", BENCHMARKS["tatoeba"].BENCHMARK.groups, [])
    assert isinstance(make(name, inputs(name, retrieval=retrieval)), LeftOut)


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("sib20", "tables.sentences: unknown benchmark 'sib20'; did you mean 'sib200'?"),
        ("tatoeba", "tables.sentences: problems of 'tatoeba' are not the same in every language"),
    ],
)
def test_sentences_are_the_same_in_every_language(name: str, line: str) -> None:
    with pytest.raises(LinguaLiftError) as caught:
        planned({"tables": {"sentences": name}})
    assert line in str(caught.value)


def test_figure_5_takes_flores_sentences_by_one_setting() -> None:
    plan = planned({"tables": {"sentences": "sib200-sentences"}})
    read = plan_paper.sentence_files(plan)
    assert list(read.problems) == plan.config.languages.alignment  # English stands beside each
    assert read.problems["sw"] == "results/problems/sib200-sentences/sw.parquet"
    assert {"sib200-sw", "sib200-de"} <= set(plan.retrieved())
    waited = plan_paper.sentence_inputs(plan)
    assert any(
        path.startswith("results/encoded/") and "/problems/sib200-sentences/" in path
        for path in waited
    )


def test_english_is_taken_once_where_it_stands_beside_each_sentence() -> None:
    problems = {
        code: [Problem(f"s{n}", f"{code} {n}", "1", translation=f"en {n}") for n in order]
        for code, order in (("sw", [0, 1, 2]), ("hi", [2, 0, 1]))
    }
    arrays = {code: States.of_arrays([np.full((1, 2), n) for n in range(6)]) for code in problems}
    sentences, states = select(problems, {"e": arrays}, 3)
    assert sentences.texts == {
        "en": ["en 0", "en 1", "en 2"],
        "sw": ["sw 0", "sw 1", "sw 2"],
        "hi": ["hi 0", "hi 1", "hi 2"],
    }
    assert [int(states["e"]["en"].of(n)[0, 0]) for n in range(3)] == [3, 4, 5]
    assert [int(states["e"]["hi"].of(n)[0, 0]) for n in range(3)] == [1, 2, 0]
