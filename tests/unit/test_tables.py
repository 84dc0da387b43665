"""Tables: means, intervals and tests agree with references worked out another way; incomplete
scores are refused.
"""

import math
from itertools import product
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats

from lingualift.benchmarks.base import Problem
from lingualift.benchmarks.registry import BENCHMARKS
from lingualift.evaluation.score import SCORE_SCHEMA
from lingualift.messages import LinguaLiftError
from lingualift.plan.systems import load_systems
from lingualift.tables.bootstrap import bootstrap_means, holm, interval, mcnemar, samples
from lingualift.tables.chance import chance, guess_share
from lingualift.tables.decimals import to_one_decimal
from lingualift.tables.reference import PublishedSystem, read_reference
from lingualift.tables.results import (
    TIDY_SCHEMA,
    as_text,
    readable,
    reference_rows,
    scores_of_operation,
    tidy,
    with_version,
)
from lingualift.tables.scopes import Scope, group_scopes, scopes

LANGUAGES = ["en", "de", "sw", "hi", "tr"]
GROUPS = {"low": ("sw", "hi"), "medium": ("ko",), "high": ("de", "en")}
ALIGNED = ["de", "sw"]
SYSTEMS = {"mono": ("Mono", "transfer"), "lift": ("Lift", "align > transfer")}
CHANCE = {"mono": 0.3, "lift": 0.6}
ITEMS, SEEDS, RESAMPLES = 40, (1, 2, 3), 2000


def score_rows() -> list[dict]:
    generator = np.random.default_rng(7)
    rows = []
    for system, seed, language, item in product(SYSTEMS, SEEDS, LANGUAGES, range(ITEMS)):
        correct = bool(generator.random() < CHANCE[system])
        rows.append(
            {
                "system": system,
                "run": system,
                "seed": seed,
                "checkpoint": None,
                "benchmark": "mmwp-mini",
                "language": language,
                "id": f"test-{item:03d}",
                "operation": "add",
                "gold": "1",
                "answer": "1",
                "answer_strict": "1",
                "correct": correct,
                "correct_strict": correct or item == 0,
            }
        )
    return rows


ROWS = score_rows()


def table(rows=ROWS, systems=SYSTEMS, reference="mono") -> pa.Table:
    return tidy(
        pa.Table.from_pylist(rows, schema=SCORE_SCHEMA),
        systems,
        LANGUAGES,
        GROUPS,
        ALIGNED,
        reference,
        RESAMPLES,
    )


@pytest.fixture(scope="module")
def result() -> dict[tuple[str, str], dict]:
    return {
        (row["system"], row["scope"]): row for row in table().to_pylist() if row["seed"] is None
    }


MEMBERS = {language: [language] for language in LANGUAGES} | {
    "Low": ["sw", "hi"],
    "High": ["en", "de"],
    "Avg.": ["en", "de", "sw", "hi"],  # tr belongs to no group
    "Aligned": ["de", "sw"],
}


def brute_mean(rule: str, system: str, languages: list[str], seeds=SEEDS) -> float:
    """The mean over languages of the mean over seeds and problems, one mark at a time."""
    means = []
    for language in languages:
        marks = [
            row[rule]
            for row in ROWS
            if row["system"] == system and row["language"] == language and row["seed"] in seeds
        ]
        means.append(sum(marks) / len(marks))
    return 100 * sum(means) / len(means)


def test_accuracies_are_those_of_a_brute_force_loop(result):
    assert set(result) == set(product(SYSTEMS, MEMBERS))
    for (system, scope), row in result.items():
        assert row["accuracy"] == pytest.approx(brute_mean("correct", system, MEMBERS[scope]))
        assert row["accuracy_strict"] == pytest.approx(
            brute_mean("correct_strict", system, MEMBERS[scope])
        )
        assert row["n"] == ITEMS * len(MEMBERS[scope])
        assert row["low"] <= row["accuracy"] <= row["high"]


def test_seeds_are_averaged_and_their_deviation_is_reported(result):
    for (system, scope), row in result.items():
        by_seed = [brute_mean("correct", system, MEMBERS[scope], (seed,)) for seed in SEEDS]
        assert row["accuracy"] == pytest.approx(np.mean(by_seed))
        assert row["seed_deviation"] == pytest.approx(np.std(by_seed, ddof=1))
        assert row["seeds"] == "1,2,3"
    one = table([row for row in ROWS if row["seed"] == 2])
    assert set(one["seed_deviation"].to_pylist()) == {None} and set(one["seeds"].to_pylist()) == {
        "2"
    }


def test_every_seed_has_rows_of_its_own_beside_the_average():
    found = {(row["system"], row["scope"], row["seed"]): row for row in table().to_pylist()}
    assert set(found) == set(product(SYSTEMS, MEMBERS, (None, *SEEDS)))
    for (system, scope, seed), row in found.items():
        if seed is not None:
            assert row["accuracy"] == pytest.approx(
                brute_mean("correct", system, MEMBERS[scope], (seed,))
            )
            assert row["accuracy_strict"] == pytest.approx(
                brute_mean("correct_strict", system, MEMBERS[scope], (seed,))
            )
            assert (
                row["seeds"] == str(seed)
                and row["seed_deviation"] is None
                and row["low"] <= row["accuracy"] <= row["high"]
            )
    alone = table(
        [row for row in ROWS if row["seed"] == 2]
    ).to_pylist()  # a training is judged alike whatever others there are
    own = [row for row in alone if row["seed"] == 2]
    assert own == [row for row in table().to_pylist() if row["seed"] == 2]
    assert [{**row, "seed": 2} for row in alone if row["seed"] is None] == own


def test_mcnemars_test_is_that_of_the_binomial_distribution_and_of_scipys_large_sample_form():
    for first, second in product(range(12), repeat=2):
        total = first + second
        sides = [math.comb(total, count) for count in range(total + 1)]
        extreme = sum(side for side in sides if side <= math.comb(total, first))
        assert mcnemar(first, second) == pytest.approx(extreme / 2**total)
    many = (4100, 3900)
    assert mcnemar(*many) == pytest.approx(
        stats.chi2.sf((abs(many[0] - many[1]) - 1) ** 2 / sum(many), 1), rel=0.01
    )
    assert mcnemar(0, 0) == 1 and mcnemar(3, 3) == 1


def test_mcnemars_test_stands_where_problems_are_independent_and_is_corrected_over_them():
    rows = [row for row in table().to_pylist() if row["system"] == "lift"]
    with_test = {(row["scope"], row["seed"]) for row in rows if row["p_mcnemar"] is not None}
    assert with_test == set(product(LANGUAGES, SEEDS))  # no average over languages, none over seeds
    marks = {
        (row["system"], row["seed"], row["language"], row["id"]): row["correct"] for row in ROWS
    }
    for seed in SEEDS:
        own = [row for row in rows if row["seed"] == seed and row["p_mcnemar"] is not None]
        for row in own:
            pairs = [
                (right, marks["mono", seed, row["scope"], item])
                for (system, of, language, item), right in marks.items()
                if (system, of, language) == ("lift", seed, row["scope"])
            ]
            assert (row["only_system"], row["only_reference"]) == (
                pairs.count((True, False)),
                pairs.count((False, True)),
            )
            assert row["p_mcnemar"] == pytest.approx(
                stats.binomtest(row["only_reference"], sum(a != b for a, b in pairs)).pvalue
            )
        assert [row["p_mcnemar_holm"] for row in own] == pytest.approx(
            holm([row["p_mcnemar"] for row in own])
        )


def test_differences_are_paired_with_the_reference_system(result):
    for scope, members in MEMBERS.items():
        assert (
            result["mono", scope]["difference"] is None and result["mono", scope]["p_holm"] is None
        )
        row = result["lift", scope]
        assert row["difference"] == pytest.approx(
            brute_mean("correct", "lift", members) - brute_mean("correct", "mono", members)
        )
        assert row["difference_low"] <= row["difference"] <= row["difference_high"]
        assert (row["difference_low"] > 0) <= (row["p_holm"] < 0.5) and row["p"] <= row["p_holm"]
    assert result["lift", "Avg."]["p_holm"] == pytest.approx(
        2 * len(MEMBERS) / RESAMPLES
    )  # the smallest that so many resamples can show
    assert set(table(reference=None)["difference"].to_pylist()) == {None}


def test_a_system_equal_to_the_reference_differs_by_nothing():
    twin = ROWS + [row | {"system": "twin"} for row in ROWS if row["system"] == "mono"]
    rows = [
        row
        for row in table(twin, SYSTEMS | {"twin": ("Twin", "transfer")}).to_pylist()
        if row["system"] == "twin"
    ]
    assert {
        (row["difference"], row["difference_low"], row["difference_high"], row["p_holm"])
        for row in rows
    } == {(0, 0, 0, 1)}
    assert {
        row["p_mcnemar"] for row in rows if row["seed"] is not None and row["scope"] in LANGUAGES
    } == {1}


def test_scopes_average_languages_without_weights_and_leave_out_empty_groups():
    found = {
        scope.name: (scope.level, scope.languages) for scope in scopes(LANGUAGES, GROUPS, ALIGNED)
    }
    assert list(found) == [*LANGUAGES, "Low", "High", "Avg.", "Aligned"]
    assert found["sw"] == ("low", ("sw",)) and found["tr"] == ("", ("tr",))
    assert {name: list(found[name][1]) for name in found} == MEMBERS
    assert [scope.name for scope in scopes(["de"], GROUPS, [])] == ["de", "High", "Avg."]


def test_only_scopes_of_aligned_languages_are_called_aligned(result):
    assert {scope for (_, scope), row in result.items() if row["aligned"]} == {
        "de",
        "sw",
        "Aligned",
    }


def test_the_bootstrap_draws_whole_problems_for_all_columns_alike():
    marks = np.column_stack([np.arange(5.0), 2 * np.arange(5.0)])
    means = bootstrap_means(marks, 300)
    assert means.shape == (300, 2)
    np.testing.assert_allclose(means[:, 1], 2 * means[:, 0])
    np.testing.assert_array_equal(means, bootstrap_means(marks, 300))
    assert not np.array_equal(means, bootstrap_means(marks, 300, seed=1))
    assert np.unique(np.round(means[:, 0] * 5, 9) % 1).tolist() == [0]  # sums of five drawn values


@pytest.mark.parametrize("share", [0.1, 0.5, 0.85])
def test_intervals_are_those_of_scipys_percentile_bootstrap(share):
    marks = np.random.default_rng(3).random(80) < share
    ours = interval(bootstrap_means(marks[:, None].astype(float), 20_000)[:, 0])
    theirs = stats.bootstrap(
        (marks.astype(float),),
        np.mean,
        n_resamples=20_000,
        method="percentile",
        rng=np.random.default_rng(4),
        vectorized=True,
    ).confidence_interval
    np.testing.assert_allclose(
        ours, theirs, atol=1 / 80
    )  # a quantile of means of 80 marks moves in steps of 1/80


def test_intervals_shrink_with_the_level():
    samples = np.arange(101.0)
    assert interval(samples) == pytest.approx((2.5, 97.5))
    assert interval(samples, 0.5) == pytest.approx((25, 75))


def test_holm_corrects_step_down():
    # by hand: 4 * .01 = .04; 3 * .02 = .06; 2 * .03 = .06; 1 * .04 = .04, raised to .06
    assert holm([0.03, 0.01, 0.04, 0.02]) == pytest.approx([0.06, 0.04, 0.06, 0.06])
    assert holm([0.5, 0.6, 0.001]) == pytest.approx([1, 1, 0.003])
    assert holm([0.2]) == [0.2] and holm([]) == []


def test_holm_rejects_what_the_definition_rejects():
    values = np.random.default_rng(0).random(30) ** 4
    corrected = holm(values)
    for level in (0.01, 0.05, 0.2):
        rejected = set()
        for rank, index in enumerate(np.argsort(values)):
            if values[index] > level / (len(values) - rank):
                break
            rejected.add(int(index))
        assert {index for index, value in enumerate(corrected) if value <= level} == rejected


@pytest.mark.parametrize(
    ("keep", "message"),
    [
        (
            lambda row: not (row["system"] == "lift" and row["language"] == "sw"),
            "scores of lift are not complete .missing sw",
        ),
        (
            lambda row: row["system"] != "lift",
            "scores of lift are not complete .missing en, de, sw, hi, tr",
        ),
        (
            lambda row: row["id"] != "test-003" or row["system"] != "mono",
            "scores of mono are not complete .missing problems",
        ),
        (
            lambda row: (row["id"], row["language"], row["seed"]) != ("test-003", "hi", 2),
            "scores of mono are not complete .missing problems",
        ),
    ],
)
def test_incomplete_scores_are_named_in_one_line(keep, message):
    with pytest.raises(LinguaLiftError, match=message) as caught:
        table([row for row in ROWS if keep(row)])
    assert "\n" not in str(caught.value)


def test_rows_follow_the_schema_and_their_order_does_not_matter(result):
    own = table()
    assert own.schema.equals(TIDY_SCHEMA)
    assert table(ROWS[::-1]).equals(own)


def test_the_readable_table_has_systems_in_rows_and_ends_with_the_average_and_its_gain(result):
    header, mono, lift = readable(table())
    assert header[:5] == ["benchmark", "system", "origin", "seeds", "n"]
    assert header[5:] == [*MEMBERS, "Avg. 95 %", "Avg. gain"]
    assert [mono[1], lift[1]] == ["Mono", "Lift"]
    for system, cells in (("mono", mono), ("lift", lift)):
        mean = result[system, "Avg."]
        assert cells[0] == "mmwp-mini" and cells[2:5] == ["measured", "1,2,3", str(ITEMS * 4)]
        assert [float(cell) for cell in cells[5:-2]] == [
            pytest.approx(result[system, scope]["accuracy"], abs=0.0501) for scope in MEMBERS
        ]
        assert cells[-2] == f"{mean['low']:.1f}-{mean['high']:.1f}"


def test_every_row_of_a_table_shows_the_version_of_the_benchmarks_problems():
    own = with_version(table(), "1.1")
    assert own.schema.equals(TIDY_SCHEMA) and set(own["version"].to_pylist()) == {"1.1"}
    assert {row[0] for row in readable(own)[1:]} == {"mmwp-mini 1.1"}
    assert set(with_version(table(), "")["version"].to_pylist()) == {None}


def test_text_tables_are_aligned():
    lines = as_text([["a", "b", "c"], ["long", "x", "1.0"], ["s", "y", "10.0"]]).split("\n")
    assert lines == ["a     b     c", "long  x   1.0", "s     y  10.0"]
    own = [row[:-1] for row in readable(table())]  # the first system has no gain
    assert len({len(line) for line in as_text(own).split("\n")}) == 1


def test_accuracies_are_percentages(result):
    assert all(
        0 <= row["low"] <= row["high"] <= 100 and not math.isnan(row["accuracy"])
        for row in result.values()
    )


def test_intervals_hold_the_variation_between_seeds():
    """Where seeds differ and problems do not, the interval is that of the drawn seeds' means."""
    marks = {"en": np.repeat([[1.0], [0.0], [0.0], [1.0]], 50, axis=1)}
    found, *by_seed = samples(marks, [["en"]], 20_000)[:, :, 0]
    theirs = stats.bootstrap(
        (np.array([1.0, 0, 0, 1]),), np.mean, n_resamples=20_000, method="percentile", rng=1
    ).confidence_interval
    np.testing.assert_allclose(interval(found), theirs, atol=0.01)
    assert np.std(found) == pytest.approx(0.5 / 2, rel=0.03)  # the standard error of a mean of four
    assert [float(own.mean()) for own in by_seed] == [1, 0, 0, 1] and all(
        np.ptp(own) == 0 for own in by_seed
    )


def test_parallel_languages_share_their_draw_and_others_do_not():
    marks = np.random.default_rng(0).random((1, 60)).round()
    cube = {"a": marks, "b": marks, "c": marks}
    together, alone = samples(cube, [["a", "b"], ["c"]], 500)
    np.testing.assert_array_equal(together, alone)  # of one seed
    np.testing.assert_array_equal(together[:, 0], together[:, 1])
    assert abs(np.corrcoef(together[:, 0], together[:, 2])[0, 1]) < 0.2


def test_languages_may_ask_different_problems():
    rows = [row for row in ROWS if row["language"] != "sw" or row["id"] < "test-030"]
    found = {
        (row["system"], row["scope"]): row for row in table(rows).to_pylist() if row["seed"] is None
    }
    assert found["mono", "sw"]["n"] == 30 and found["mono", "Low"]["n"] == 70
    marks = [row["correct"] for row in rows if row["language"] == "sw" and row["system"] == "mono"]
    assert found["mono", "sw"]["accuracy"] == pytest.approx(100 * np.mean(marks))


def test_families_and_scripts_group_the_same_scores():
    families = {"en": "Germanic", "de": "Germanic", "sw": "Bantu", "hi": "Indic", "tr": "Turkic"}
    scripts = dict.fromkeys(LANGUAGES, "Latn") | {"hi": "Deva"}
    theirs = {"en": "", "de": "", "sw": "Other", "hi": "Indic", "tr": ""}
    groupings = {"family": families, "script": scripts, "paper family": theirs}
    columns = group_scopes(LANGUAGES, groupings)
    assert [scope.name for scope in columns] == [
        "Bantu (sw)",
        "Germanic (en, de)",
        "Indic (hi)",
        "Turkic (tr)",
        "Deva (hi)",
        "Latn (en, de, sw, tr)",
        "the paper's Indic (hi)",
        "the paper's Other (sw)",
    ]
    rows = tidy(
        pa.Table.from_pylist(ROWS, schema=SCORE_SCHEMA),
        SYSTEMS,
        LANGUAGES,
        GROUPS,
        ALIGNED,
        None,
        50,
        columns,
    ).to_pylist()
    found = {(row["system"], row["scope"]): row["accuracy"] for row in rows if row["seed"] is None}
    assert found["lift", "Germanic (en, de)"] == pytest.approx(
        brute_mean("correct", "lift", ["en", "de"])
    )
    assert found["lift", "Latn (en, de, sw, tr)"] == pytest.approx(
        brute_mean("correct", "lift", ["en", "de", "sw", "tr"])
    )
    assert (
        len({len(line) for line in readable(pa.Table.from_pylist(rows, schema=TIDY_SCHEMA))}) == 1
    )


@pytest.mark.parametrize(
    ("question", "gold", "share"),
    [
        ("Maria has 14 apples and gets 9 more.", "23", 1 / 4),
        ("6 of 15 are left", "9", 1 / 4),  # the larger number first
        ("2 and 2", "4", 2 / 4),  # sum and product
        ("मारिया के पास १४ सेब हैं और ९ मिले", "23", 1 / 4),
        ("3 bags of 4, and 5 more", "17", 0),
        (
            "2, 3 and 5",
            "5",
            1 / 12,
        ),  # of three pairs and four operations: 2 + 3 (5 - 2 is 3, 5 / 2 is 2.5)
        ("7 apples", "7", 0),
        ("0 and 5", "5", 2 / 4),  # 5 + 0 and 5 - 0; nothing is divided by zero
        ("1,200 and 300", "900", 1 / 4),
    ],
)
def test_a_guess_of_two_numbers_and_an_operation_is_counted_exactly(
    question: str, gold: str, share: float
):
    assert guess_share(question, gold) == pytest.approx(share)


def test_chance_follows_the_kind_of_answer():
    problems = [
        Problem("a", "1 and 2", "3", choices=("x", "y")),
        Problem("b", "none", "3", choices=("x", "y", "z", "w")),
    ]
    assert chance(problems, "number") == pytest.approx((1 / 4 + 0) / 2)
    assert chance(problems, "choice") == pytest.approx((1 / 2 + 1 / 4) / 2)
    assert chance(problems, "neighbour") == 1 / 2


def test_figures_of_the_paper_and_chance_stand_beside_ours_and_say_what_they_are():
    published = PublishedSystem(
        "Lift",
        "LLaMA",
        ["Table 1", "Table 9"],
        {"sw": 10.0, "hi": 20.0, "de": 50.0, "low": 16.0, "high": 50.0},
    )
    columns = scopes(LANGUAGES, GROUPS, ALIGNED)
    rows = reference_rows(
        columns, "b", GROUPS, dict.fromkeys(LANGUAGES, 0.125), "Chance", [published]
    )
    found = {(row["origin"], row["scope"]): row for row in rows.to_pylist()}
    assert found["chance", "Avg."]["accuracy"] == 12.5 and found["chance", "tr"]["low"] is None
    assert {scope for origin, scope in found if origin == "paper"} == {
        "sw",
        "hi",
        "de",
        "Low",
        "High",
    }
    assert "the paper prints 16.0, but its languages average 15.0" in found["paper", "Low"]["note"]
    assert (
        found["paper", "High"]["note"] == "printed in Table 1, Table 9"
    )  # English is not printed, so nothing can be checked
    header, measured, *_, chances, paper = readable(pa.concat_tables([table(), rows]))
    assert (
        paper[1] == "Lift (paper, LLaMA)"
        and paper[header.index("Low")] == "16.0*"
        and paper[header.index("en")] == ""
    )
    assert chances[2] == "chance" and paper[2] == "paper" and measured[2] == "measured"
    assert {len(line) for line in (header, measured, chances, paper)} == {len(header)}


def test_the_papers_groups_have_its_figures_beside_them():
    theirs = {"en": "", "de": "", "sw": "Other", "hi": "Indic", "tr": ""}
    columns = group_scopes(LANGUAGES, {"family": theirs, "paper family": theirs})
    published = PublishedSystem("Lift", "LLaMA", ["Table 20"], {"family:Other": 10.4}, ["Lift-7B"])
    rows = reference_rows(
        columns, "b", GROUPS, dict.fromkeys(LANGUAGES, 0.1), "Chance", [published]
    )
    paper = [row for row in rows.to_pylist() if row["origin"] == "paper"]
    assert [(row["scope"], row["accuracy"]) for row in paper] == [("the paper's Other (sw)", 10.4)]
    assert paper[0]["note"] == "printed in Table 20 as Lift-7B"


def test_retrieval_is_averaged_over_sentences_to_english_alone():
    """XTREME ranks source to English; the other direction stays among the scores."""
    operation = BENCHMARKS["tatoeba"].BENCHMARK.shown
    rows = [
        {**ROWS[0], "language": "sw", "seed": 1, "id": f"tatoeba-{n}-{direction}"}
        | {"operation": direction, "correct": direction == "to-english" and n > 0}
        for n in range(4)
        for direction in ("to-english", "from-english")
    ]
    scores = pa.Table.from_pylist(rows, schema=SCORE_SCHEMA)
    table = tidy(
        scores_of_operation(scores, operation),
        {rows[0]["system"]: ("t", "")},
        ["sw"],
        {},
        [],
        None,
        10,
    )
    (row,) = [row for row in table.to_pylist() if row["scope"] == "sw" and row["seed"] is None]
    assert (row["n"], row["accuracy"]) == (4, 75.0)
    assert scores_of_operation(scores, "") is scores


def test_averages_of_tables_that_leave_a_language_out_stand_in_columns_of_their_own():
    groups = {"low": ("sw", "hi", "bn"), "high": ("en",)}
    languages = ["en", "sw", "hi", "bn"]
    columns = scopes(languages, groups, [], left_out=("hi",))
    by_name = {scope.name: scope.languages for scope in columns}
    assert by_name["Low without hi"] == ("sw", "bn")
    assert by_name["Avg. without hi"] == ("en", "sw", "bn")
    assert "High without hi" not in by_name
    shared = {"en": 50.0, "sw": 10.0, "bn": 20.0, "high": 50.0}
    ten = PublishedSystem("Ten", "B", ["Table 22"], {**shared, "low": 15.0, "average": 26.7})
    eleven = PublishedSystem("All", "B", ["Table 10"], {**shared, "hi": 0.0, "low": 10.0})
    only_groups = PublishedSystem("Groups", "B", ["Table 2"], {"low": 12.0})
    published = [ten, eleven, only_groups]
    rows = reference_rows(columns, "b", groups, dict.fromkeys(languages, 0.1), "Chance", published)
    found = {
        (row["system"], row["scope"]): row["accuracy"]
        for row in rows.to_pylist()
        if row["origin"] == "paper" and len(row["scope"]) > 2
    }
    assert found == {
        ("Ten", "Low without hi"): 15.0,
        ("Ten", "Avg. without hi"): 26.7,
        ("Ten", "High"): 50.0,
        ("All", "Low"): 10.0,
        ("All", "High"): 50.0,
        ("Groups", "Low"): 12.0,
    }


def test_another_printing_with_other_figures_is_a_row_of_its_own_and_a_copied_row_is_named(
    tmp_path,
):
    path = tmp_path / "x.csv"
    rows = [
        *(f"Table 1,M,A,A,{scope},{value}" for scope, value in (("low", 1), ("high", 2))),
        *(f"Table 1,M,C,C,{scope},{value}" for scope, value in (("low", 1), ("high", 2))),
        "Table 1,M,A,A,average,1.5",
        "Table 1,M,C,C,average,1.5",
        "Table 9,M,A-7B,A,average,1.54",
        "Table 14,M,A again,A,low,3",
        "Table 16,M,A again,A,low,3",
    ]
    path.write_text("\n".join(["table,base_model,system,title,language,accuracy", *rows, ""]))
    first, copied, again = read_reference(path)
    assert (first.label, first.origin) == ("A (paper, M)", "printed in Table 1, Table 9 as A-7B")
    assert (copied.title, copied.copied, first.copied) == ("C", "A", "")
    assert (again.label, again.tables) == ("A (paper, M; Table 14)", ["Table 14", "Table 16"])


REFERENCE = Path(__file__).parents[2] / "config" / "reference"
PUBLISHED_ROWS = {
    "MAmmoTH", "WizardMath", "MetaMath", "MathOctopus-Parallel", "MathOctopus-MAPO-DPO",
    "MetaMathOctopus-MAPO-DPO", "QAlign-MetaMathQA",
}  # fmt: skip


@pytest.mark.parametrize("name", ["mmwp", "mgsm", "msvamp"])
def test_each_figure_of_the_paper_stands_beside_the_system_that_earned_it(name):
    """Checkpoints that the paper took as published beside the `published-*` rows; those that its
    authors trained beside rows that are trained here.
    """
    systems = load_systems(REFERENCE.parent / "systems")
    titles = {system.title: key for key, system in systems.items()}
    rows = read_reference(REFERENCE / f"{name}.csv")
    beside_published = {row.title for row in rows if titles[row.title].startswith("published-")}
    assert beside_published == PUBLISHED_ROWS
    printed = {table for row in rows for table in row.tables}
    expected = {
        "mmwp": {"Table 1", "Table 7", "Table 8", "Table 9"},
        "mgsm": {f"Table {number}" for number in (10, 14, 16, 22, 23, 24)},
        "msvamp": {f"Table {number}" for number in (11, 15, 17)},
    }[name]
    assert printed == expected
    slips = {row.title: row.copied for row in rows if row.copied}
    retrain = {"MindMerger-Soft (Low-Resource Retrain)": "LangBridge (MetaMath)"}
    assert slips == (retrain if name == "mmwp" else {})


def test_reference_figures_are_joined_by_title_and_bad_ones_named(tmp_path):
    path = tmp_path / "x.csv"
    head = "table,base_model,system,title,language,accuracy\n"
    path.write_text(
        head + "Table 1,M,(A),A,low,10.0\nTable 9,M,A-7B,A,sw,9.5\nTable 14,M,B,,sw,1.0\n"
    )
    (own,) = read_reference(path)
    assert (own.title, own.tables, own.figures) == (
        "A",
        ["Table 1", "Table 9"],
        {"low": 10.0, "sw": 9.5},
    )
    assert len(read_reference(path, by="table")) == 3
    path.write_text(head + "Table 1,M,(A),A,low,ten\n")
    with pytest.raises(LinguaLiftError, match=r"x.csv, line 2: accuracy 'ten' is not a number"):
        read_reference(path)


def test_a_scope_of_one_language_is_that_language():
    assert Scope("sw", "low", ("sw",)) == scopes(["sw"], GROUPS, [])[0]


def test_a_tie_is_printed_alike_however_it_was_summed() -> None:
    weights = [1 / 7] * 7
    summed = sum(16.25 * weight for weight in weights)
    assert {to_one_decimal(value) for value in (16.25, summed, 16.25 + 1e-9)} == {"16.2"}
    assert to_one_decimal(16.26) == "16.3"
    assert (to_one_decimal(-1e-9, "+"), to_one_decimal(-1.25, "+")) == ("+0.0", "-1.2")


def test_a_mark_that_stands_twice_is_refused():
    again = next(row for row in ROWS if row["system"] == "lift")
    with pytest.raises(LinguaLiftError, match="scores of lift hold an answer twice"):
        table([*ROWS, again | {"correct": not again["correct"]}])


def test_a_tie_is_a_tie_however_seeds_and_languages_are_weighed():
    """Both systems have the same marks, each in another language: the average differs by nothing,
    which thirds in floating point do not give by themselves.
    """
    rows = [
        row for row in ROWS if row["system"] == "mono" and row["language"] in ("de", "sw", "hi")
    ]
    same = [row | {"system": "lift"} for row in rows]
    turned = {"de": "sw", "sw": "hi", "hi": "de"}  # each mark in another language
    marks = {(row["seed"], row["language"], row["id"]): row["correct"] for row in rows}
    for row in same:
        row["correct"] = marks[row["seed"], turned[row["language"]], row["id"]]
    scores = pa.Table.from_pylist([*rows, *same], schema=SCORE_SCHEMA)
    languages = ["de", "sw", "hi"]
    made = tidy(scores, SYSTEMS, languages, GROUPS, ALIGNED, "mono", RESAMPLES)
    for row in made.to_pylist():
        if row["system"] == "lift" and row["scope"] == "Avg.":
            assert (row["difference_low"], row["difference_high"], row["p"]) == (0, 0, 1)
