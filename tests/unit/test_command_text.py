"""`lingualift codeswitch` and `lingualift new-language`."""

import io
import json
import os
import shlex
import sys
from pathlib import Path

import pytest
import yaml

from lingualift.command import main
from lingualift.config import load_config
from lingualift.languages import COLUMNS, load_languages
from lingualift.plan import plan
from tests import tiny
from tests.unit.test_config import DEFAULT, SOURCES, SYSTEMS, merged

ROOT = Path(__file__).parents[2]
TABLE = ROOT / "config/languages.tsv"
HINDI = "मारिया के पास १४ सेब हैं।"


@pytest.fixture(scope="module")
def tagger(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("tagger")
    tiny.write_tagger(folder)
    return folder


@pytest.fixture
def lexicon(tmp_path: Path) -> Path:
    path = tmp_path / "sw.txt"
    path.write_text("apples tufaha\napples matofaa\nhas ana\nred nyekundu\n")
    return path


def switched(monkeypatch, text: str, *arguments: str) -> int:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    return main(["codeswitch", *arguments])


def test_every_known_word_is_replaced_and_all_else_stays(
    monkeypatch, capsys, tagger: Path, lexicon: Path
) -> None:
    how = ["--lexicon", str(lexicon), "--tagger", str(tagger), "--ratio", "1"]
    text = "Maria has 3 red apples.\n\nTom has pears!\n"
    assert switched(monkeypatch, text, *how, "--json") == 0
    captured = capsys.readouterr()
    rows = [json.loads(line) for line in captured.out.splitlines()]
    assert rows == [
        {
            "instruction": "Translate to English:",
            "input": "Maria ana 3 nyekundu tufaha.",
            "output": "Maria has 3 red apples.",
        },
        {
            "instruction": "Translate to English:",
            "input": "Tom ana pears!",
            "output": "Tom has pears!",
        },
    ]
    counts = json.loads(captured.err)
    assert (counts["language"], counts["switched"], counts["substitutable"]) == ("sw", 4, 4)
    assert switched(monkeypatch, text, *how, "--format", "messages", "--instruction", "Say") == 0
    first = json.loads(capsys.readouterr().out.splitlines()[0])["messages"]
    assert first == [
        {"role": "user", "content": "Say\nMaria ana 3 nyekundu tufaha."},
        {"role": "assistant", "content": "Maria has 3 red apples."},
    ]


def test_mistakes_are_one_line_each(
    monkeypatch, capsys, tagger: Path, lexicon: Path, tmp_path: Path
) -> None:
    def refused(text: str, *arguments: str) -> str:
        assert switched(monkeypatch, text, *arguments) == 1
        captured = capsys.readouterr()
        assert captured.out == "" and captured.err.count("\n") == 1
        return captured.err

    how = ["--lexicon", str(lexicon), "--tagger", str(tagger)]
    assert "no text" in refused("\n", *how)
    assert "codeswitch.pos: unknown preset 'nouns'" in refused("red\n", *how, "--pos", "nouns")
    assert "codeswitch.ratio: 2.0" in refused("red\n", *how, "--ratio", "2")
    assert "--format: unknown form 'chat'" in refused("red\n", *how, "--format", "chat")
    assert "0 of 2 words" in refused("green plums\n", *how)
    assert "is no folder" in refused("red\n", *how[:2], "--tagger", str(tmp_path / "gone"))
    (tmp_path / "sw.doc").write_text("x")
    line = refused("red\n", "--lexicon", str(tmp_path / "sw.doc"), *how[2:])
    assert "unknown format of a lexicon '.doc'" in line
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert "en_core_web_sm is not installed" in refused("red\n", *how[:2])


def corpus(path: Path, line: str) -> Path:
    path.write_text("".join(f"{line} {number}\n" for number in range(5)), encoding="utf-8")
    return path


def test_a_words_best_translation_is_that_of_the_lowest_rank_in_any_order(
    monkeypatch, capsys, tagger: Path, tmp_path: Path
) -> None:
    lexicon = tmp_path / "sw.tsv"
    how = ["--lexicon", str(lexicon), "--tagger", str(tagger), "--ratio", "1"]
    lexicon.write_text(
        "source\ttarget\trank\napples\tmatofaa\t2\nred\tnyekundu\t1\napples\ttufaha\t1\n"
    )
    assert switched(monkeypatch, "red apples\n", *how) == 0
    assert json.loads(capsys.readouterr().out)["input"] == "nyekundu tufaha"
    lexicon.write_text("source\ttarget\trank\napples\tmatofaa\tfirst\n")
    assert switched(monkeypatch, "red apples\n", *how) == 1
    assert "sw.tsv, line 2: 'rank' is not a number from 1 on: 'first'" in capsys.readouterr().err


def test_text_that_is_being_read_is_not_written_over_and_a_closed_input_is_said(
    monkeypatch, capsys, tagger: Path, lexicon: Path, tmp_path: Path
) -> None:
    how = ["--lexicon", str(lexicon), "--tagger", str(tagger)]
    text = tmp_path / "text.txt"
    text.write_text("red apples\n")
    kept = os.dup(0)
    try:
        with open(text, "rb") as handle:
            os.dup2(handle.fileno(), 0)
            assert main(["codeswitch", *how, "--output", str(text)]) == 1
    finally:
        os.dup2(kept, 0)
        os.close(kept)
    assert f"{text}: is being read and would be lost" in capsys.readouterr().err
    assert text.read_text() == "red apples\n"
    monkeypatch.setattr(sys, "stdin", None)
    assert main(["codeswitch", *how]) == 1
    assert "standard input is closed" in capsys.readouterr().err


def test_a_proposed_row_is_one_that_the_table_takes(tmp_path: Path, capsys) -> None:
    line = "Малайның өч алмасы бар, ул тагын икене сатып алды."
    text = corpus(tmp_path / "tt.txt", line)
    arguments = ["new-language", "tt", "--text", str(text), "--table", str(TABLE)]
    assert main([*arguments, "--native", "татар теле", "--family", "Turkic"]) == 0
    said = capsys.readouterr().out
    row = said.splitlines()[1]
    cells = dict(zip(COLUMNS, row.split("\t"), strict=True))
    assert cells["iso639_3"] == "tat" and cells["script"] == "Cyrl"
    assert cells["name"] == "Tatar" and cells["nllb"] == "tat_Cyrl" and cells["spacy"] == "tt"
    table = tmp_path / "languages.tsv"
    table.write_text(TABLE.read_text(encoding="utf-8") + row + "\n", encoding="utf-8")
    languages = load_languages(table)
    assert languages["tt"].name == "Tatar"
    assert "5 of 5 lines kept" in said
    command = shlex.split(said[said.index("snakemake") :].replace("\\\n", " "))
    settings = command[command.index("--config") + 1 :]
    overlay = {key: yaml.safe_load(value) for key, value in (text.split("=") for text in settings)}
    made = plan(load_config(merged(DEFAULT, overlay)), languages, SOURCES, SYSTEMS)
    assert made.config.mirror == "mirror" and made.corpora("tt") == ["local-text"]
    assert made.config.languages.alignment == ["tt"]


def test_what_is_not_known_is_asked_for(tmp_path: Path, capsys) -> None:
    text = corpus(tmp_path / "mag.txt", HINDI)
    arguments = ["new-language", "mag", "--text", str(text), "--table", str(TABLE), "--json"]
    assert main(arguments) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["missing"] == ["name", "native", "family"] and record["benchmarks"] == []
    assert record["row"]["script"] == "Deva" and record["row"]["zero"] == "U+0966"
    assert record["corpus"]["counts"]["kept"] == 5
    assert record["corpus"]["frequent"] == record["corpus"]["words"] > 0


def test_a_code_stands_once_and_is_a_languages(tmp_path: Path, capsys) -> None:
    text = corpus(tmp_path / "text.txt", "Ana ana matofaa matatu.")

    def refused(code: str, table: Path = TABLE) -> str:
        arguments = ["new-language", code, "--text", str(text), "--table", str(table)]
        assert main(arguments) == 1
        captured = capsys.readouterr()
        assert captured.out == "" and captured.err.count("\n") == 1
        return captured.err

    assert "has this language already, as 'sw' (Swahili)" in refused("sw")
    assert "already, as 'eu'" in refused("eus")
    assert "'zz' is no language's code" in refused("zz")
    assert "not a code of two or three letters" in refused("Yo!")
    twice = tmp_path / "twice.tsv"
    lines = TABLE.read_text(encoding="utf-8").splitlines()
    twice.write_text("\n".join([*lines, lines[1], ""]), encoding="utf-8")
    assert "language 'af' has a row already" in refused("tt", twice)
