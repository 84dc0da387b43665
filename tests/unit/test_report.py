"""The report: what it says follows the data, nothing in it is trusted, and a browser shows it
without asking the network for anything.
"""

import hashlib
import json
import re
import tempfile
from base64 import b64decode
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from lingualift.benchmarks.base import Problem, evenly_spread
from lingualift.figures import draw_figure
from lingualift.figures.base import Drawing
from lingualift.figures.write import spec
from lingualift.report import content
from lingualift.report.page import embedded_json, render
from tests import chromium
from tests.unit.test_figures import INPUTS, lexicon_row, table

NAMES = {"en": "English", "de": "German", "ar": "Arabic", "hi": "Hindi", "sw": "Swahili"}
EVIL = "</script><script>document.title='taken'</script><img src=x onerror=alert(1)>"
IDS = [f"q{number}" for number in range(40)]


def problems(language: str) -> list[Problem]:
    text = EVIL if language == "de" else f"A question in {language}"
    return [Problem(key, f"{text} {key}?", "7") for key in IDS]


def answers() -> dict[str, Any]:
    asked = {code: problems(code) for code in ("en", "de", "ar")}
    outputs = {
        (system, code): {key: f" {EVIL if system == 'a' else '7'}" for key in IDS}
        for system in ("a", "b")
        for code in asked
    }
    marks = {
        (system, code, key): system == "b" and code != "ar"
        for system, code in outputs
        for key in IDS
    }
    titles = {"a": f"First {EVIL}", "b": "Second"}
    return content.answers(asked, outputs, marks, NAMES, titles, parallel=True)


def verdict(code: str, precision: float | None, verdict: str = "good") -> dict[str, Any]:
    bounds = {"combined_p1_low": 1.0, "combined_p1_high": 99.0}
    gold = None if precision is None else 500
    return {**lexicon_row(code, precision, verdict), **bounds, "gold_words": gold}


def report() -> content.Report:
    figures = []
    for name in ("accuracy", "gain-lexicon", "neighbours", "loss", "time"):
        drawing = draw_figure(name, INPUTS)
        assert isinstance(drawing, Drawing)
        figures.append(content.ShownFigure(name, drawing.title, drawing.caption, spec(drawing)))
    tables = [content.result_table("sums", table(), INPUTS.names)]
    lexicons = [
        content.lexicon_summary(row, INPUTS.lexicons.get(row["language"], ()), NAMES)
        for row in (verdict("de", 49.0), verdict("sw", None, "collapsed"))
    ]
    return content.Report(
        question=content.question(tables, ["de", "sw"]),
        configuration=["LLM: an invented one."],
        configuration_text=f"note: {EVIL}",
        tables=tables,
        figures=figures,
        lexicons=lexicons,
        lexicon_finding="Two lexicons.",
        answers={"sums": answers()},
        left_out=[f"Nothing {EVIL}"],
        provenance=[("commit", "0" * 40)],
        software=[("python", "3.11")],
        licences=[content.Licence("k", f"A source {EVIL}", "1", "MIT", "", "")],
    )


@pytest.fixture(scope="module")
def page() -> str:
    return render(report())


class _Elements(HTMLParser):
    """Every element of a page with its attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_page_names_no_address_outside_itself(page: str) -> None:
    elements = _Elements(page).found
    for tag, attributes in elements:
        for name in ("src", "href", "action", "poster", "srcset", "data"):
            value = attributes.get(name)
            assert value is None or value.startswith("#"), (tag, name, value)
    assert "@import" not in page and "url(" not in page.partition("<script")[0]


def test_text_of_models_and_sources_stays_text(page: str) -> None:
    tags = [tag for tag, _ in _Elements(page).found]
    assert tags.count("script") == 3 and "img" not in tags


def test_embedded_json_cannot_end_its_element_and_reads_back_the_same() -> None:
    value = {"text": f"{EVIL} <!-- & \u2028 \u2029 ''"}
    text = embedded_json(value)
    assert not set("<>&\u2028\u2029") & set(text)
    assert json.loads(text) == value


def test_policy_allows_the_scripts_of_the_page_alone(page: str) -> None:
    (rule,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]+)"', page)
    rule = rule.replace("&#39;", "'")
    scripts = re.findall(r"<script>(.*?)</script>", page, flags=re.DOTALL)
    allowed = {b64decode(text) for text in re.findall(r"'sha256-([^']+)'", rule)}
    assert allowed == {hashlib.sha256(script.encode()).digest() for script in scripts}
    assert "default-src 'none'" in rule and "unsafe-eval" not in rule
    assert "unsafe-inline" not in rule.partition("script-src")[2].partition(";")[0]


def test_page_is_the_same_for_the_same_report(page: str) -> None:
    assert render(report()) == page


def test_table_has_a_row_a_language_with_intervals_and_averages_apart() -> None:
    shown = content.result_table("sums", table(), INPUTS.names)
    assert [system.title for system in shown.systems] == ["Plain", "Lifted", "chance"]
    assert shown.note == "Guess."
    assert [row.name for row in shown.averages] == ["average"]
    german = next(row for row in shown.languages if row.name == "German")
    assert german.level == "high-resource"
    assert german.cells[1] == content.Cell("22.0", 22.0, "20–24")
    assert german.cells[2] == content.Cell("10.0", 10.0, "")


def test_questions_are_the_same_ids_in_every_language_spread_over_all() -> None:
    items = answers()["items"]
    by_language = {
        code: [item["id"] for item in items if item["language"] == code] for code in ("en", "ar")
    }
    assert by_language["en"] == by_language["ar"] == IDS[::2]
    assert answers()["shown"] == 20 and answers()["total"] == 40
    assert evenly_spread(["a", "b"], 20) == ["a", "b"]


def test_many_languages_and_systems_leave_fewer_questions_so_that_the_page_stays_small() -> None:
    asked = {f"l{number}": problems("en") for number in range(47)}
    systems = {f"s{number}": "S" for number in range(20)}
    many = content.answers(asked, {}, {}, {}, systems, parallel=True)
    assert many["shown"] == 4 and len(many["items"]) == 4 * 47


def test_english_stands_beside_foreign_questions_of_parallel_benchmarks_only() -> None:
    items = {(item["language"], item["id"]): item for item in answers()["items"]}
    assert items["ar", "q0"]["english"] == "A question in en q0?"
    assert items["en", "q0"]["english"] == ""
    asked = {"en": problems("en"), "ar": problems("ar")}
    apart = content.answers(asked, {}, {}, NAMES, {"a": "A"}, parallel=False)
    assert {item["english"] for item in apart["items"]} == {""}
    assert {tuple(item["answers"]) for item in apart["items"]} == {(None,)}


def test_left_out_gives_the_reason_of_each_gap() -> None:
    rows = [verdict("de", 49.0), verdict("sw", None, "collapsed")]
    reason = "Loss curves are left out: none."
    said = content.left_out(
        rows, {"loss": reason}, ["en", "de", "sw", "hi"], NAMES, {"sums": ["en", "de", "sw"]}
    )
    assert said == [
        "Swahili is left out of stage 1: collapsed, an invented reason.",
        "No lexicon was asked for, so no text was aligned: Hindi.",
        "sums has no questions in Hindi.",
        "No gold dictionary holds Swahili: its lexicon has no precision.",
        reason,
    ]


def test_lexicons_are_summed_up_by_use_and_precision() -> None:
    rows = [verdict("de", 49.0), verdict("hi", 60.46), verdict("sw", None, "collapsed")]
    assert content.lexicon_finding(rows) == (
        "2 of 3 lexicons entered stage 1; precision at 1 is 49.0 to 60.5\u00a0%."
    )
    assert content.lexicon_finding(rows[2:]) == "0 of 1 lexicon entered stage 1."


# ---------------------------------------------------------------- in a browser

needs_chromium = pytest.mark.skipif(
    chromium.find() is None, reason="no Chromium on this machine: the page is not looked at"
)


@pytest.fixture(scope="module")
def opened(page: str) -> Iterator[tuple[chromium.Page, Path]]:
    program = chromium.find()
    assert program is not None
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        path = Path(folder) / "report.html"
        path.write_text(page, encoding="utf-8")
        with chromium.browser(program, Path(folder) / "profile") as browser:
            yield browser, path


@needs_chromium
def test_browser_shows_every_figure_without_an_error_or_a_request(
    opened: tuple[chromium.Page, Path],
) -> None:
    browser, path = opened
    browser.open(path)
    sizes = browser.value(
        "[...document.querySelectorAll('[data-figure] svg.marks')].map((svg) => {"
        "const box = svg.getBoundingClientRect();"
        "return [box.width, box.height, svg.querySelectorAll('path').length]})"
    )
    assert len(sizes) == 5
    assert all(width > 150 and height > 60 and marks > 3 for width, height, marks in sizes), sizes
    assert browser.messages == []
    assert {address.partition("#")[0] for address in browser.requests} == {path.resolve().as_uri()}
    assert browser.value("document.title") == "LinguaLIFT: report of a run"


@needs_chromium
def test_filter_chooses_language_systems_and_answers(opened: tuple[chromium.Page, Path]) -> None:
    browser, path = opened
    browser.open(path)

    def choose(name: str, value: str) -> None:
        browser.value(
            f"document.querySelector('[name={name}]').value = {value!r};"
            f"document.querySelector('[name={name}]')"
            ".dispatchEvent(new Event('change', {bubbles: true}))"
        )

    def shown() -> list[str]:
        return browser.value(
            "[...document.querySelectorAll('.item .gold')].map((e) => e.textContent)"
        )

    assert len(shown()) == 20 and all(line.startswith("German, q") for line in shown())
    question = browser.value("document.querySelector('.question').textContent")
    assert question == f"{EVIL} q0?"
    choose("language", "ar")
    assert {line.partition(",")[0] for line in shown()} == {"Arabic"}
    choose("show", "differ")
    assert shown() == []
    choose("language", "")
    assert {line.partition(",")[0] for line in shown()} == {"English", "German"}
    assert browser.value("document.querySelectorAll('.item')[0].querySelectorAll('.reply').length")
    browser.value("document.querySelector('[name=system]').click()")
    choose("show", "all")
    replies = browser.value(
        "[...document.querySelectorAll('.item:first-child .reply b')].map((e) => e.textContent)"
    )
    assert replies == ["Second: ✓ right"]
    assert browser.messages == []


@needs_chromium
def test_headings_sort_languages_and_leave_averages_above(
    opened: tuple[chromium.Page, Path],
) -> None:
    browser, path = opened
    browser.open(path)
    rows = "[...document.querySelectorAll('.results tbody tr')].map((r) => r.cells[0].innerText)"
    heading = "document.querySelectorAll('.results thead th')[2]"
    browser.value(f"{heading}.querySelector('button').click()")
    names = [text.split("\n")[0] for text in browser.value(rows)]
    assert names == ["average", "Bengali", "Hindi", "Arabic", "Spanish", "German", "Swahili"]
    assert browser.value(f"{heading}.getAttribute('aria-sort')") == "descending"
    browser.value(f"{heading}.querySelector('button').click()")
    names = [text.split("\n")[0] for text in browser.value(rows)]
    assert names == ["average", "Swahili", "German", "Spanish", "Arabic", "Hindi", "Bengali"]


@needs_chromium
def test_page_fits_400_pixels_and_prints(opened: tuple[chromium.Page, Path]) -> None:
    browser, path = opened
    browser.open(path, width=400, height=800)
    assert browser.value("document.documentElement.scrollWidth") <= 400
    wide = browser.value(
        "[...document.querySelectorAll('[data-figure]')]"
        ".filter((place) => place.scrollWidth > place.clientWidth + 1)"
        ".map((place) => place.dataset.figure)"
    )
    assert wide == ["neighbours"]  # a table of words scrolls in its own frame
    smallest = browser.value(
        "Math.min(...[...document.querySelectorAll('main p, main td, main li')]"
        ".map((e) => parseFloat(getComputedStyle(e).fontSize)))"
    )
    assert smallest >= 12
    pdf = browser.pdf()
    assert pdf.startswith(b"%PDF") and len(pdf) > 20_000
    assert browser.messages == []
