"""Figures from invented tables: each is drawn, its title follows the data, and what is missing is
said.
"""

import hashlib
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import altair as alt
import pytest
import vl_convert

from lingualift.artifacts import read_json
from lingualift.figures import FIGURES, draw_figure, figure_names, fonts
from lingualift.figures.base import Drawing, Figure, FigureInputs, LeftOut, Timing
from lingualift.figures.gain import correlation_over_languages
from lingualift.figures.loss import running_mean
from lingualift.figures.neighbours import WORDS, shortened
from lingualift.figures.read import read_timings
from lingualift.figures.style import (
    COLOURS,
    FONT,
    QUIET,
    SYMBOLS,
    in_panels,
    symbol,
    values,
    wrapped,
)
from lingualift.figures.typefaces import Typeface
from lingualift.figures.write import VEGA_LITE, spec, titled, write_figure
from lingualift.languages import load_languages
from lingualift.messages import LinguaLiftError

ROOT = Path(__file__).resolve().parents[2]
LANGUAGES = load_languages(ROOT / "config/languages.tsv")
CODES = ("de", "es", "ar", "hi", "bn", "sw")
GAINS = (2.0, 4.0, 6.0, 8.0, 10.0, 1.0)


def row(system: str, scope: str, accuracy: float, gain: float | None, **more: Any) -> dict:
    """A row of a result table with an interval of two points on either side."""
    return {
        "origin": "measured",
        "system": system.lower(),
        "title": system,
        "stages": "a > b",
        "seeds": "1",
        "seed": None,
        "benchmark": "sums",
        "scope": scope,
        "level": LANGUAGES[scope].level if scope in LANGUAGES else "",
        "n": 150,
        "accuracy": accuracy,
        "low": accuracy - 2,
        "high": accuracy + 2,
        "difference": gain,
        "difference_low": None if gain is None else gain - 2,
        "difference_high": None if gain is None else gain + 2,
        **more,
    }


def table(average_gain: float = 5.0, chance: float = 10.0) -> list[dict]:
    rows = [row("Plain", code, 20.0, None) for code in CODES]
    rows += [row("Plain", "Avg.", 20.0, None)]
    rows += [row("Lifted", c, 20.0 + g, g) for c, g in zip(CODES, GAINS, strict=True)]
    rows += [row("Lifted", "Avg.", 20.0 + average_gain, average_gain)]
    blank = dict.fromkeys(("low", "high", "n", "difference"))
    rows += [row("Guess", c, chance, None) | blank | {"origin": "chance"} for c in (*CODES, "Avg.")]
    return rows


def lexicon_row(code: str, precision: float | None, verdict: str = "good") -> dict:
    return {
        "language": code,
        "verdict": verdict,
        "reason": "an invented reason",
        "in_stage_1": verdict != "collapsed",
        "supervised": False,
        "score": "combined",
        "combined_p1": precision,
        "held_out": 0.7,
    }


def stage(name: str, losses: list[float], systems: list[str]) -> dict:
    entries = [{"step": step, "loss": loss} for step, loss in enumerate(losses)]
    return {"id": f"{name}-1", "name": name, "seed": 1, "losses": entries, "systems": systems}


INPUTS = FigureInputs(
    names={code: language.name for code, language in LANGUAGES.items()},
    table=table(),
    ablation=[row("Unaligned", c, 18.0, None) for c in CODES]
    + [row("Lifted", c, 25.0, 7.0) for c in CODES],
    retrieval=[
        row(system, c, 10.0 * place, None)
        for system in ("Plain", "Lifted")
        for place, c in enumerate(CODES, 1)
    ],
    lexicon_table=[
        lexicon_row(code, 10.0 * gain, "collapsed" if code == "sw" else "good")
        for code, gain in zip(CODES, GAINS, strict=True)
    ],
    lexicons={
        code: [
            {"source": word, "target": f"{word}{rank}", "rank": rank, "csls": 1.0 / rank}
            | {"mutual": rank == 1 and code != "sw"}
            for word in WORDS
            for rank in (2, 1)
        ]
        for code in ("de", "sw")
    },
    stages=[
        stage("first", [4.0, 3.0, 2.0], ["Plain", "Lifted"]),
        stage("second", [2.0, 1.9, 1.8], ["Lifted"]),
    ],
    timings=[
        Timing("train", "a", 90.0, 3.0),
        Timing("train", "b", 30.0, 1.0),
        Timing("encode", "a", 60.0, None),
    ],
)


def drawn(name: str, inputs: FigureInputs = INPUTS) -> Drawing:
    drawing = draw_figure(name, inputs)
    assert isinstance(drawing, Drawing), drawing
    return drawing


def svg_of(figure: dict[str, Any]) -> str:
    svg: str = vl_convert.vegalite_to_svg(figure, vl_version=VEGA_LITE)
    return svg


def written(
    drawing: Drawing | LeftOut, folder: Path, typefaces: Sequence[Typeface] = ()
) -> dict[str, Path]:
    paths = {kind: folder / f"figure.{kind}" for kind in ("svg", "png", "json")}
    write_figure(drawing, *paths.values(), typefaces)
    return paths


@pytest.mark.parametrize("name", FIGURES)
def test_figure_is_drawn_with_a_finding_n_and_the_same_bytes_each_time(
    name: str, tmp_path: Path
) -> None:
    drawing = drawn(name)
    assert "n = " in drawing.caption
    assert "nterval" in drawing.caption or name == "neighbours"  # counts of words have none
    first = written(drawing, tmp_path / "1")
    second = written(draw_figure(name, INPUTS), tmp_path / "2")
    digests = [
        {kind: hashlib.sha256(path.read_bytes()).hexdigest() for kind, path in paths.items()}
        for paths in (first, second)
    ]
    assert digests[0] == digests[1]
    svg = first["svg"].read_text(encoding="utf-8")
    assert drawing.title.split()[0] in svg and svg.count("<path") > 3
    assert first["png"].read_bytes().startswith(b"\x89PNG")
    record = read_json(first["json"])
    assert record["title"] == drawing.title and record["spec"]["config"]["font"] == FONT


@pytest.mark.parametrize("name", FIGURES)
def test_figure_without_its_data_is_left_out_with_one_sentence(name: str, tmp_path: Path) -> None:
    result = draw_figure(name, FigureInputs(names=INPUTS.names))
    assert isinstance(result, LeftOut)
    assert result.reason.endswith(".") and "left out" in result.reason
    paths = written(result, tmp_path)
    assert read_json(paths["json"]) == {"left_out": result.reason}
    assert "left out" in paths["svg"].read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("gain", "chance", "said"),
    [
        (5.0, 10.0, "Lifted answers 25.0\u00a0% on average, 5.0 points (3.0 to 7.0) above Plain"),
        (1.0, 10.0, "not measurably (−1.0 to 3.0) different from Plain"),
        (-5.0, 10.0, "Plain answers 20.0\u00a0% on average; Lifted is 5.0 points (−7.0 to −3.0)"),
        (5.0, 24.0, "not more than guessing (24.0\u00a0%)"),
    ],
)
def test_title_of_accuracy_follows_difference_interval_and_chance(
    gain: float, chance: float, said: str
) -> None:
    assert said in drawn("accuracy", replace(INPUTS, table=table(gain, chance))).title


def test_accuracy_orders_languages_by_resource_level_then_name() -> None:
    panels = spec(drawn("accuracy"))["vconcat"]
    assert [panel["title"]["text"] for panel in panels] == [
        "average",
        "low-resource",
        "high-resource",
    ]
    order = panels[1]["layer"][0]["encoding"]["y"]["sort"]
    assert order.index("Arabic") < order.index("Swahili") < order.index("German")


def test_a_point_at_zero_stays_clear_of_its_languages_name() -> None:
    layer = spec(drawn("accuracy"))["vconcat"][1]["layer"][-1]
    reach = layer["mark"]["size"] ** 0.5 / 2  # of a symbol of so many square pixels
    assert layer["encoding"]["y"]["axis"]["labelPadding"] > reach + 2


def test_title_of_gain_states_the_rank_correlation_with_its_direction() -> None:
    assert drawn("gain-lexicon").title == (
        "Languages with a better lexicon gain more from Lifted over Plain"
        " (rank correlation 1.00, 1.00 to 1.00)"
    )
    reverse = [lexicon_row(code, 100 - 10 * gain) for code, gain in zip(CODES, GAINS, strict=True)]
    assert " gain less from " in drawn("gain-lexicon", replace(INPUTS, lexicon_table=reverse)).title
    few = replace(INPUTS, lexicon_table=INPUTS.lexicon_table[:3])
    assert drawn("gain-lexicon", few).title == (
        "Lifted over Plain: a gain beyond chance in 2 of 3 languages"
    )


def test_gain_without_gold_falls_back_to_held_out_agreement() -> None:
    ungraded = [lexicon_row(code, None) for code in CODES]
    text = str(spec(drawn("gain-lexicon", replace(INPUTS, lexicon_table=ungraded))))
    assert "held-out agreement" in text and "precision at 1" not in text


def test_gain_shows_a_panel_over_the_reference_and_one_over_the_ablation() -> None:
    (rows,) = spec(drawn("gain-lexicon"))["datasets"].values()
    assert {entry["panel"] for entry in rows} == {"Lifted − Plain", "Lifted − Unaligned"}
    assert {entry["code"] for entry in rows if entry["hollow"]} == {"sw"}


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_every_panel_has_an_x_axis_and_an_empty_cell_none(count: int) -> None:
    panels = [f"panel {number}" for number in range(count)]
    chart = (
        alt.Chart(values([{"panel": name, "x": 1.0, "y": 2.0} for name in panels]))
        .mark_point()
        .encode(x=alt.X("x:Q", title="measure"), y=alt.Y("y:Q", title="result"))
    )
    drawing = Drawing(in_panels(chart, panels, alt.Header()), "title", "caption")
    assert svg_of(titled(drawing)).count(">measure</text>") == count


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        (
            "LinguaLIFT without language alignment",
            ["LinguaLIFT without language alignment −", "Plain"],
        ),
        (
            "LinguaLIFT, alignment trained and LLM frozen in stage 2",
            ["LinguaLIFT, alignment trained and LLM frozen", "in stage 2 −", "Plain"],
        ),
    ],
)
def test_a_long_title_of_a_panel_breaks_at_its_minus_or_a_word_instead_of_being_cut(
    name: str, lines: list[str]
) -> None:
    long = [{**line, "title": name if line["title"] == "Lifted" else line["title"]}
            for line in table()]  # fmt: skip
    figure = titled(drawn("gain-lexicon", replace(INPUTS, table=long, ablation=[])))
    svg = svg_of(figure)
    assert all(f">{line}<" in svg for line in lines) and "…" not in svg


def test_no_line_of_a_title_begins_with_a_per_cent_sign() -> None:
    assert wrapped("reaches 67.8 %, which", 13) == ["reaches", "67.8\u00a0%, which"]


def test_correlation_has_the_interval_worked_out_by_hand_and_needs_five_pairs() -> None:
    """Bonett and Wright (2000), z ± 1.96 sqrt((1 + rho²/2)/(n − 3)), by hand: 1.1836 ± 1.3115."""
    found = correlation_over_languages([(1, 2), (2, 1), (3, 4), (4, 3), (5, 6), (6, 5)])
    assert found is not None and found.n == 6
    assert found.rho == pytest.approx(1 - 6 * 6 / (6 * 35))
    assert (found.low, found.high) == pytest.approx((-0.1273, 0.9865), abs=2e-4)
    assert correlation_over_languages([(1, 1), (2, 2), (3, 3), (4, 4)]) is None
    assert correlation_over_languages([(1, value) for value in range(6)]) is None


def test_a_long_neighbour_is_cut_by_its_letters_not_by_the_machines_fonts() -> None:
    for whole in ("Wissenschaft", "الاقتصادية", "ครอบครัว"):
        assert shortened(whole) == whole
    assert shortened("Wissenschaften") == "Wissenschaf…"
    assert shortened("प्रधानमन्त्रीको") == "प्रधानमन्…", "no letter loses its sign"
    assert shortened("மருத்துவமனைகள்") == "மருத்துவ…"
    chart = drawn("neighbours").chart.to_dict()
    assert "'limit'" not in str(chart), "Vega would measure words with the machine's fonts"


def test_neighbours_count_mutual_pairs_and_mark_collapsed_lexicons() -> None:
    drawing = drawn("neighbours")
    assert drawing.title == (
        f"{len(WORDS)} of {2 * len(WORDS)} translations are nearest in both directions,"
        " fewest in Swahili"
    )
    assert "Swahili †" in str(spec(drawing)) and "†" in drawing.caption


def test_title_of_loss_names_a_stage_that_does_not_fall() -> None:
    assert "all 2 trainings, least in second" in drawn("loss").title
    rising = [*INPUTS.stages, stage("third", [1.0, 1.1], ["Lifted"])]
    title = drawn("loss", replace(INPUTS, stages=rising)).title
    assert title == "Loss does not fall in third"


def test_lines_have_their_systems_colour_and_grey_where_all_share_the_training() -> None:
    own = [*INPUTS.stages, stage("third", [2.0, 1.0], ["Plain"])]
    layers = spec(drawn("loss", replace(INPUTS, stages=own)))["spec"]["layer"]
    scale = layers[0]["encoding"]["color"]["scale"]
    assert dict(zip(scale["domain"], scale["range"], strict=True)) == {
        "all systems": QUIET,
        "Lifted": COLOURS[1],
        "Plain": COLOURS[0],
    }


def test_running_mean_leaves_short_curves_as_they_are() -> None:
    short = [{"loss": value} for value in (3.0, 1.0, 2.0)]
    assert running_mean(short) == [3.0, 1.0, 2.0]
    long = [{"loss": float(value)} for value in range(30)]
    assert running_mean(long)[:3] == [1.0, 1.5, 2.0] and running_mean(long)[15] == 15.0


def test_title_of_time_names_the_longest_kind_and_the_largest() -> None:
    assert drawn("time").title == (
        "“train” takes 67\u00a0% of 3.0 minutes of computing; “train” needs the most memory,"
        " 3.0\u00a0GiB"
    )


def test_timings_are_read_from_any_depth_and_a_foreign_file_is_named(tmp_path: Path) -> None:
    head = "s\th:m:s\tmax_rss\n"
    (tmp_path / "train").mkdir()
    (tmp_path / "train/a-1.tsv").write_text(head + "90\t0:01:30\t2048\n")
    (tmp_path / "report.tsv").write_text(head + "0.5\t0:00:00\tNA\n")
    assert read_timings(tmp_path) == [
        Timing("report", "", 0.5, None),
        Timing("train", "a-1", 90.0, 2.0),
    ]
    (tmp_path / "other.tsv").write_text("a\tb\n1\t2\n")
    with pytest.raises(LinguaLiftError, match=r"other\.tsv.*no record of a job"):
        read_timings(tmp_path)


def test_a_figure_costs_one_module_and_one_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("invented.figure")
    vars(module)["draw"] = lambda inputs: LeftOut(f"{len(inputs.table)} rows left out.")
    monkeypatch.setitem(sys.modules, "invented", ModuleType("invented"))
    monkeypatch.setitem(sys.modules, "invented.figure", module)
    figures = {**FIGURES, "invented": Figure("invented.figure", needs=("table",), by_table=True)}
    assert figure_names(["sums"], figures=figures)["invented-sums"] == ("invented", "sums")
    assert draw_figure("invented", INPUTS, figures) == LeftOut(
        f"{len(INPUTS.table)} rows left out."
    )


def test_unknown_figure_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(LinguaLiftError, match="did you mean 'accuracy'"):
        draw_figure("acuracy", INPUTS)


def test_figures_by_table_are_named_after_it_and_retrieval_needs_its_table() -> None:
    names = figure_names(["maths", "nli", "tatoeba"], ["tatoeba"])
    assert names["accuracy-nli"] == ("accuracy", "nli") and names["loss"] == ("loss", None)
    assert "gain-retrieval-maths" in names and "gain-retrieval-tatoeba" not in names
    assert not any(name.startswith("gain-retrieval") for name in figure_names(["maths"]))


def test_up_to_49_systems_differ_in_colour_or_symbol() -> None:
    names = [f"s{place}" for place in range(49)]
    symbols = symbol(names).to_dict()["scale"]["range"]
    pairs = {(COLOURS[place % len(COLOURS)], symbols[place]) for place in range(49)}
    assert len(pairs) == 49 and set(symbols) <= set(SYMBOLS)


# ---------------------------------------------------------------- scripts


def test_svg_keeps_the_letters_of_every_language_and_asks_for_a_font_that_holds_them(
    tmp_path: Path,
) -> None:
    own = {
        code: [{"source": "water", "target": language.native.lower(), "rank": 1, "csls": 1.0}]
        for code, language in LANGUAGES.items()
    }
    lexicons = {code: [{**rows[0], "mutual": True}] for code, rows in own.items()}
    drawing = drawn("neighbours", replace(INPUTS, lexicons=lexicons))
    svg = written(drawing, tmp_path)["svg"].read_text(encoding="utf-8")
    cut = 88 // 12  # letters that surely fit into a cell
    for code, language in LANGUAGES.items():
        assert language.native.lower()[:cut] in svg, code
    for family in ("Devanagari", "Bengali", "Thai", "Arabic", "Tamil", "CJK SC", "CJK KR"):
        assert f"Noto Sans {family}" in svg


def test_png_names_a_script_that_no_font_holds_instead_of_boxes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fonts, "drawable", lambda letter, font: not "ก" <= letter <= "๛")
    text = "ภาษาไทย und Deutsch"
    missing = fonts.undrawable(text, FONT)
    assert set("ภาษไทย") <= set(missing) and not set(missing) & set("undDeutsch ")
    assert fonts.replace_undrawable(text, missing) == "[Thai] und Deutsch"


def test_png_names_scripts_whose_signs_it_would_misplace() -> None:
    text = "পানি, पानी, तमि"
    missing = fonts.undrawable(text, FONT)
    assert fonts.replace_undrawable(text, missing) == "[Bengali], [Devanagari], [Devanagari]"


def test_a_letter_without_a_font_is_found_by_drawing_it() -> None:
    assert fonts.drawable("é", FONT) and fonts.drawable("Ж", FONT) and fonts.drawable("−", FONT)
    assert fonts._drawn("\U000f4321", FONT) == fonts._drawn(fonts.UNASSIGNED, FONT)
    assert fonts._drawn("Ж", FONT) != fonts._drawn(fonts.UNASSIGNED, FONT)


@pytest.mark.parametrize(
    ("text", "family"),
    [("पानी", "Noto Sans Devanagari, "), ("水", "Noto Sans CJK SC, "), ("water", FONT)],
)
def test_font_of_a_text_is_that_of_its_script(text: str, family: str) -> None:
    assert fonts.font_of(text, FONT).startswith(family)
