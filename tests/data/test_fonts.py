"""The pinned fonts hold the letters of every language that they are for, and their letters stand
where a browser would put them.

Needs the fonts' archives in the download cache of a run (or `LINGUALIFT_PACKAGES`); each test skips
where its own is absent.
"""

import tempfile
from pathlib import Path

import pytest

from lingualift.benchmarks.registry import load
from lingualift.figures.typefaces import (
    Typeface,
    carried,
    foreign_letters,
    outline,
    read_typeface,
    scripts_without_font,
)
from lingualift.retrieve.fetch import MANIFEST, retrieve
from tests import chromium
from tests.data.test_sources import LANGUAGES, PACKAGES, SOURCES, needs

FONTS = {source.script: source for source in SOURCES.values() if source.script}
"""The fonts' sources by script."""
LOADED = "document.fonts.size && [...document.fonts].every((font) => font.status === 'loaded')"
WORDS = {
    "Arab": "المنزل",
    "Beng": "কৃষ্ণপক্ষ",
    "Deva": "विद्यार्थियों",
    "Mlym": "സ്വാതന്ത്ര്യം",
    "Taml": "புத்தகம்",
    "Telu": "పుస్తకం",
    "Thai": "หนังสือที่น้ำ",
}


def typeface(script: str, folder: Path) -> Typeface:
    """The font of a script, unpacked from the cache."""
    source = FONTS[script]
    needs(PACKAGES / source.files[0].name)
    retrieve(source, folder / source.key, PACKAGES, offline=True)
    return read_typeface(folder / source.key / MANIFEST)


@pytest.mark.parametrize("script", FONTS)
def test_font_holds_every_letter_that_its_languages_write(script: str, tmp_path: Path) -> None:
    face = typeface(script, tmp_path)
    languages = [language for language in LANGUAGES.values() if language.script == script]
    text = " ".join(language.native for language in languages)
    for language in languages:
        if language.level is not None:
            text += " ".join(
                problem.question for problem in load("mmwp-mini", language.code, "test")
            )
    assert len(foreign_letters(text)) >= 2
    assert scripts_without_font(text, [face]) == []
    assert face.family in carried(text, [face])


@pytest.mark.skipif(chromium.find() is None, reason="no Chromium on this machine to compare with")
def test_outlines_are_as_wide_as_a_browsers_text(tmp_path: Path) -> None:
    program = chromium.find()
    assert program is not None
    faces = {script: typeface(script, tmp_path) for script in WORDS}
    size = 100  # pixels, of 1000 units
    spans = "".join(
        f"<p><span style=\"font:{size}px '{faces[script].family}'\">{word}</span>"
        for script, word in WORDS.items()
    )
    page = tmp_path / "words.html"
    style = carried(spans, list(faces.values()))
    page.write_text(f"<!doctype html><meta charset=utf-8><style>{style}</style>{spans}")
    drawn = {
        script: outline(word, faces[script])[1] * size / 1000 for script, word in WORDS.items()
    }
    measure = "[...document.querySelectorAll('span')].map((e) => e.getBoundingClientRect().width)"
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile,
        chromium.browser(program, Path(profile)) as opened,
    ):
        opened.call("Page.navigate", url=page.as_uri())
        opened.wait(LOADED)
        widths = dict(zip(WORDS, opened.value(measure), strict=True))
    assert widths == pytest.approx(drawn, abs=1.0)
