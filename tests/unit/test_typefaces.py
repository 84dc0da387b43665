"""Fonts that pages and figures carry: which are embedded, what they say in a browser, and letters
of a PNG as outlines.
"""

import re
import tempfile
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
import vl_convert

from lingualift.figures.typefaces import (
    SVG,
    carried,
    drawn_texts,
    foreign_letters,
    outline,
    outlined,
    scripts_without_font,
    with_fonts,
    woff_tables,
)
from lingualift.paper.base import Block, Page
from lingualift.paper.write import rendered
from lingualift.report.content import Report
from lingualift.report.page import render
from tests import chromium, fonts
from tests.unit.test_figures import INPUTS, drawn, written
from tests.unit.test_report import report

HINDI, THAI, ARABIC = "कखगनप", "กขคน", "ابتج"
NAMES = ("Noto Sans Devanagari", "Noto Sans Thai", "Noto Sans Arabic")
FACES = [fonts.typeface(n, x) for n, x in zip(NAMES, (HINDI, THAI, ARABIC), strict=True)]


def text_element(text: str, **attributes: str) -> str:
    """An SVG file with one text of 10 pixels."""
    more = "".join(f' {name.replace("_", "-")}="{value}"' for name, value in attributes.items())
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" width="200" height="40">'
        f'<text transform="translate(100,20)" font-size="10px" fill="#222222"{more}>{text}</text>'
        "</svg>"
    )


def families(style: str) -> list[str]:
    """The families that a style sheet embeds."""
    return re.findall(r'@font-face\{font-family:"([^"]+)"', style)


def lexicon(targets: dict[str, str]) -> dict[str, list[dict]]:
    """A lexicon of one word a language."""
    return {
        code: [{"source": "water", "target": target, "rank": 1, "csls": 1.0, "mutual": True}]
        for code, target in targets.items()
    }


# ---------------------------------------------------------------- what is embedded


def test_tables_of_a_woff_file_come_back_as_they_went_in() -> None:
    made = fonts.tables("Made up", HINDI)
    assert woff_tables(fonts.woff(made)) == made
    assert FACES[0].holds("क") and not FACES[0].holds("ก") and not FACES[0].holds("a")


def test_a_style_sheet_embeds_the_fonts_of_the_letters_that_occur_and_no_other() -> None:
    style = carried("water कख, 水 and ปี", FACES)
    assert families(style) == [NAMES[0]]
    assert families(carried("กก कक", FACES)) == list(NAMES[:2])
    (data,) = re.findall(r"url\(data:font/woff2;base64,([^)]+)\)", style)
    assert b64decode(data) == FACES[0].woff2
    assert "unicode-range:U+915,U+916,U+917,U+928,U+92A}" in style
    assert '--carried:"Noto Sans Devanagari"}' in style


def test_latin_greek_cyrillic_digits_and_signs_need_no_font() -> None:
    everywhere = fonts.typeface("Everything", "aßñЖщλ१…−")
    assert foreign_letters("aßñ ŵ Жщ λ 123 … − ’ ʼ ﬁ") == []
    assert carried("aßñ Жщ λ …", [everywhere]) == ""


def test_scripts_that_no_font_holds_are_named_once() -> None:
    assert scripts_without_font("कख 水水 日 한국 น", FACES) == ["CJK", "Hangul"]
    assert scripts_without_font("कख น", FACES) == []


def test_an_svg_file_carries_the_fonts_of_its_texts_not_of_its_descriptions() -> None:
    svg = text_element("कख", aria_label="กก")
    assert families(with_fonts(svg, FACES)) == [NAMES[0]]
    assert drawn_texts(with_fonts(svg, [])) == "कख" and with_fonts(svg, []) == svg
    assert ElementTree.fromstring(with_fonts(svg, FACES)).find(f"{SVG}text") is not None


def test_figure_with_fonts_carries_them_in_the_svg_and_draws_letters_in_the_png(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    drawing = drawn("neighbours", replace(INPUTS, lexicons=lexicon({"hi": "कखग", "ar": "ابت"})))
    with_letters = written(drawing, tmp_path / "with", FACES)
    assert families(with_letters["svg"].read_text(encoding="utf-8")) == [NAMES[0], NAMES[2]]
    assert "named instead" not in caplog.text
    again = written(drawing, tmp_path / "again", FACES)
    assert [path.read_bytes() for path in with_letters.values()] == [
        path.read_bytes() for path in again.values()
    ]
    without = written(drawing, tmp_path / "without")
    assert families(without["svg"].read_text(encoding="utf-8")) == []
    assert with_letters["png"].read_bytes() != without["png"].read_bytes()


def test_a_script_without_a_font_is_named_in_the_png_and_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lingualift.figures.fonts.drawable", lambda letter, font: letter < "\u0530")
    drawing = drawn("neighbours", replace(INPUTS, lexicons=lexicon({"hi": "कखग", "th": "กขค"})))
    written(drawing, tmp_path, FACES[:1])
    (line,) = [record.message for record in caplog.records if "named instead" in record.message]
    assert ": Thai cannot be drawn here" in line


# ---------------------------------------------------------------- outlines


def test_outlines_stand_where_the_text_stood_in_its_size_and_colour() -> None:
    """Two letters of 3,000 units at 10 pixels are 60 pixels wide: half of it left of the middle."""
    for anchor, left in (("start", "0"), ("middle", "-30"), ("end", "-60")):
        picture = outlined(text_element("कख", text_anchor=anchor), FACES)
        (path,) = ElementTree.fromstring(picture)
        assert path.tag == f"{SVG}path" and path.get("fill") == "#222222"
        moved = path.attrib["transform"]
        assert moved == f"translate(100,20) translate({left}.000,0) scale(0.010000,-0.010000)"
    data, width = outline("कख", FACES[0])
    assert width == 2 * fonts.ADVANCE
    starts = [float(x) for x in re.findall(r"M(\S+)", data)]
    assert starts == [0.0, fonts.ADVANCE]


def test_arabic_runs_leftwards_and_a_cut_text_keeps_its_dots() -> None:
    first, second = fonts.typeface("A", "ا"), fonts.typeface("B", "اب")
    assert outline("ا", first)[1] == fonts.ADVANCE
    dotted, width = outline("اب…", second)
    assert width == 2 * fonts.ADVANCE + fonts.UNITS
    assert min(float(x) for x in re.findall(r"M([\d.]+)", dotted)) == 0.12 * fonts.UNITS
    dotted, width = outline("कख…", FACES[0])
    assert max(float(x) for x in re.findall(r"M([\d.]+)", dotted)) == 6780.0 and width == 7000


def test_a_text_that_a_font_holds_in_part_stays_text() -> None:
    svg = text_element("कख 水")
    assert drawn_texts(outlined(svg, FACES)) == "कख 水"
    assert drawn_texts(outlined(text_element("water"), FACES)) == "water"


def test_outlines_are_drawn() -> None:
    svg = text_element("कख", text_anchor="middle")
    blank = text_element(" ")
    assert vl_convert.svg_to_png(outlined(svg, FACES)) != vl_convert.svg_to_png(blank)


# ---------------------------------------------------------------- pages


def hindi_report() -> Report:
    """A report whose answers are in Hindi and Thai, and whose lexicon is Hindi."""
    plain = report()
    answers = {
        "sums": {
            **plain.answers["sums"],
            "items": [
                {**item, "question": "कखग नप", "english": "กขค"}
                for item in plain.answers["sums"]["items"]
            ],
        }
    }
    return replace(plain, answers=answers)


@pytest.fixture(scope="module")
def page() -> str:
    return render(hindi_report(), FACES)


def test_page_embeds_the_fonts_of_its_letters_and_allows_data_alone(page: str) -> None:
    head = page.partition("<script")[0]
    assert families(head) == list(NAMES[:2])
    assert set(re.findall(r"url\((\w+:)", head)) == {"data:"}
    assert "font-src data:" in head and "carries no font" not in page
    licence = "as it does Noto Sans fonts (SIL Open Font License 1.1)"
    assert licence in page and licence not in render(report(), FACES)


def test_page_names_the_scripts_that_it_carries_no_font_for() -> None:
    assert "This file carries no font for Devanagari, Thai:" in render(hindi_report(), [])
    assert "@font-face" not in render(hindi_report(), []).partition("<script")[0]


def test_pages_of_the_papers_answers_carry_fonts_too() -> None:
    block = Block("1", "7", "Hindi", "कखग", "water", [("A", "<b>กข</b>", True)])
    text = rendered(Page("Answers", "lead", [block]), FACES)
    assert families(text) == list(NAMES[:2]) and "font-src data:" in text and "<b>" not in text
    assert families(rendered(Page("Answers", "lead", [block]))) == []


needs_chromium = pytest.mark.skipif(
    chromium.find() is None, reason="no Chromium on this machine: the page is not looked at"
)


@pytest.fixture(scope="module")
def browser() -> Iterator[tuple[chromium.Page, Path]]:
    program = chromium.find()
    assert program is not None
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        chromium.browser(program, Path(folder) / "profile") as opened,
    ):
        yield opened, Path(folder)


def addresses(opened: chromium.Page) -> set[str]:
    """What a page asked for besides the data that it holds itself."""
    asked = {address.partition("#")[0] for address in opened.requests}
    return {address for address in asked if not address.startswith("data:")}


@needs_chromium
def test_browser_draws_every_foreign_letter_of_the_page_with_a_carried_font(
    browser: tuple[chromium.Page, Path], page: str
) -> None:
    """A letter of these fonts is three times as wide as the type is large; no real font's is."""
    opened, folder = browser
    path = folder / "report.html"
    path.write_text(page, encoding="utf-8")
    opened.open(path)
    opened.wait("[...document.fonts].every((font) => font.status === 'loaded')")
    ratios = opened.value(
        "[...document.querySelectorAll('.question, .english')].slice(0, 4).map((e) => {"
        "const range = document.createRange(); const text = document.createTreeWalker(e, 4);"
        "const node = text.nextNode(); range.setStart(node, 0); range.setEnd(node, 2);"
        "return range.getBoundingClientRect().width / parseFloat(getComputedStyle(e).fontSize)})"
    )
    assert len(ratios) == 4 and ratios == pytest.approx([6.0] * 4, abs=0.1)
    assert opened.messages == []
    assert addresses(opened) == {path.as_uri()}


@needs_chromium
def test_browser_draws_an_svg_file_with_the_fonts_that_it_carries(
    browser: tuple[chromium.Page, Path],
) -> None:
    opened, folder = browser
    svg = folder / "figure.svg"
    stack = "Noto Sans Devanagari, Arial"
    svg.write_text(with_fonts(text_element("कख", font_family=stack), FACES), encoding="utf-8")
    opened.requests.clear()
    opened.call("Page.navigate", url=svg.as_uri())
    opened.wait("document.querySelector('text') && document.fonts.status === 'loaded'")
    opened.wait("document.querySelector('text').getComputedTextLength() === 60")
    assert addresses(opened) == {svg.as_uri()}
