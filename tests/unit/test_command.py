"""The command `lingualift`: what each sub-command prints and writes, and how it refuses."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pyarrow.parquet as pq
import pytest

from lingualift.command import main
from lingualift.harness.__main__ import main as harness
from lingualift.lexicon.gold import read_muse

WORDS, DIMENSIONS = 300, 30
TEI = "{http://www.tei-c.org/ns/1.0}"
LANG = "{http://www.w3.org/XML/1998/namespace}lang"


def planted() -> tuple[np.ndarray, np.ndarray]:
    """Vectors of words of two languages: word i of one means word i of the other, turned."""
    generator = np.random.default_rng(3)
    meaning = generator.standard_normal((WORDS, DIMENSIONS)) * np.linspace(2, 0.5, DIMENSIONS)
    turn, _ = np.linalg.qr(generator.standard_normal((DIMENSIONS, DIMENSIONS)))
    noise = 0.1 * generator.standard_normal((2, WORDS, DIMENSIONS))
    return (meaning + noise[0]).astype("f4"), (meaning @ turn + noise[1]).astype("f4")


def write_vec(path: Path, words: list[str], vectors: np.ndarray) -> Path:
    rows = [f"{word} {' '.join(map(str, row))}" for word, row in zip(words, vectors, strict=True)]
    path.write_text("\n".join([f"{vectors.shape[0]} {vectors.shape[1]}", *rows, ""]))
    return path


@pytest.fixture(scope="module")
def vectors(tmp_path_factory) -> tuple[Path, Path]:
    """The planted vectors as two files; every fifth word is spelled alike."""
    folder, (source, target) = tmp_path_factory.mktemp("vectors"), planted()
    words = [[f"{'n' if row % 5 == 0 else side}{row}" for row in range(WORDS)] for side in "st"]
    return (
        write_vec(folder / "source.vec", words[0], source),
        write_vec(folder / "target.vec", words[1], target),
    )


@pytest.fixture(scope="module")
def induced(vectors: tuple[Path, Path], tmp_path_factory) -> tuple[Path, dict]:
    """The lexicon of the planted vectors as a table, with its mapped vectors, and its evidence."""
    folder = tmp_path_factory.mktemp("induced")
    gold = folder / "gold.txt"
    gold.write_text("".join(f"S{row} T{row}\n" for row in range(WORDS) if row % 5))
    command = [sys.executable, "-m", "lingualift.command", "lexicon", *map(str, vectors)]
    command += ["--gold", str(gold), "--output", str(folder / "st.tsv"), "--json"]
    command += ["--mapped", str(folder / "st.vec")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return folder, json.loads(done.stdout)


def table(path: Path) -> list[dict[str, str]]:
    header, *rows = (line.split("\t") for line in path.read_text().splitlines())
    return [dict(zip(header, row, strict=True)) for row in rows]


def test_a_planted_rotation_gives_a_good_lexicon_with_the_right_pairs(induced) -> None:
    folder, evidence = induced
    assert evidence["verdict"] == "good"
    best = {row["source"]: row["target"] for row in table(folder / "st.tsv") if row["rank"] == "1"}
    assert len(best) == WORDS
    right = sum(source[1:] == target[1:] for source, target in best.items())
    assert right >= 0.95 * WORDS
    share = 100 * sum(best[f"s{row}"] == f"t{row}" for row in range(WORDS) if row % 5) / 240
    (measured,) = evidence["gold"].values()
    assert measured["fasttext"]["words"] == 240
    assert measured["fasttext"]["precision"]["1"] == pytest.approx(share, abs=0.01)


def test_mapped_vectors_give_the_cosines_of_the_table(induced) -> None:
    folder, _ = induced
    sides = {}
    for side in ("source", "target"):
        head, *lines = (folder / f"st.{side}.vec").read_text().splitlines()
        assert head == f"{WORDS} {DIMENSIONS}"
        cells = [line.split(" ") for line in lines]
        sides[side] = {word: np.array(values, float) for word, *values in cells}
    rows = table(folder / "st.tsv")
    assert len(rows) == 5 * WORDS
    for row in rows[::7]:
        left, right = sides["source"][row["source"]], sides["target"][row["target"]]
        cosine = left @ right / np.linalg.norm(left) / np.linalg.norm(right)
        assert cosine == pytest.approx(float(row["cosine"]), abs=1e-4)


@pytest.fixture
def run(induced, tmp_path: Path) -> Path:
    """A finished run that holds the same lexicon as a file of the workflow."""
    from lingualift.artifacts import write_json, write_parquet
    from lingualift.lexicon.table import LEXICON_SCHEMA

    folder, evidence = induced
    rows = [
        {
            **row,
            "rank": int(row["rank"]),
            "csls": float(row["csls"]),
            "cosine": float(row["cosine"]),
            "mutual": row["mutual"] == "true",
            "source_frequency": int(row["source_frequency"]),
            "target_frequency": int(row["target_frequency"]),
            "source_pos": "NOUN",
        }
        for row in table(folder / "st.tsv")
    ]
    import pyarrow as pa

    path = tmp_path / "results/lexicons/sw.parquet"
    path.parent.mkdir(parents=True)
    write_parquet(path, pa.Table.from_pylist(rows, LEXICON_SCHEMA), LEXICON_SCHEMA)
    write_json(path.with_suffix(".json"), evidence)
    return tmp_path


def pairs(run: Path) -> list[tuple[str, str]]:
    held = pq.read_table(run / "results/lexicons/sw.parquet")
    return list(zip(held["source"].to_pylist(), held["target"].to_pylist(), strict=True))


def test_muse_is_read_back_as_the_same_pairs(run: Path, capsys) -> None:
    out = run / "out.txt"
    arguments = ["export", "lexicon", "sw", "--run", str(run), "--output", str(out)]
    assert main([*arguments, "--format", "muse"]) == 0
    assert read_muse(out) == pairs(run)
    assert capsys.readouterr().out.startswith("verdict: good (")


def test_tei_is_xml_with_an_entry_a_word(run: Path, capsys) -> None:
    assert main(["export", "lexicon", "sw", "--run", str(run), "--format", "tei"]) == 0
    captured = capsys.readouterr()
    assert "verdict: good" in captured.err
    root = ElementTree.fromstring(captured.out.encode())
    assert root.tag == f"{TEI}TEI" and root.get(LANG) == "en"
    found = []
    for entry in root.iter(f"{TEI}entry"):
        source = entry.findtext(f"{TEI}form/{TEI}orth")
        assert entry.findtext(f"{TEI}gramGrp/{TEI}pos") == "NOUN"
        for cit in entry.iter(f"{TEI}cit"):
            assert cit.get(LANG) == "sw"
            found.append((source, cit.findtext(f"{TEI}quote")))
    assert found == pairs(run)


def test_json_lines_hold_every_column_and_the_languages(run: Path, capsys) -> None:
    assert main(["export", "lexicon", "sw", "--run", str(run), "--format", "jsonl"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(row["source"], row["target"]) for row in rows] == pairs(run)
    assert {(row["source_language"], row["target_language"]) for row in rows} == {("en", "sw")}
    assert isinstance(rows[0]["mutual"], bool) and isinstance(rows[0]["csls"], float)


def test_an_array_with_its_words_is_read_as_the_text_file_is(
    vectors: tuple[Path, Path], induced, tmp_path: Path, capsys
) -> None:
    arrays = []
    for path in vectors:
        lines = [line.split(" ") for line in path.read_text().splitlines()[1:]]
        arrays.append(tmp_path / f"{path.stem}.npy")
        np.save(arrays[-1], np.array([line[1:] for line in lines], "f4"))
        arrays[-1].with_suffix(".txt").write_text("".join(f"{line[0]}\n" for line in lines))
    assert main(["lexicon", *map(str, arrays)]) == 0
    assert capsys.readouterr().out == (induced[0] / "st.tsv").read_text()


def test_a_seed_dictionary_is_a_start(vectors: tuple[Path, Path], tmp_path: Path, capsys) -> None:
    seeds = tmp_path / "seeds.txt"
    seeds.write_text("".join(f"s{row} t{row}\n" for row in range(1, 100) if row % 5))
    out = tmp_path / "out.tsv"
    arguments = ["lexicon", *map(str, vectors), "--seed-dictionary", str(seeds), "-o", str(out)]
    assert main([*arguments, "--json"]) == 0
    assert "seed" in json.loads(capsys.readouterr().out)["starts"]


def refused(capsys, *arguments: str) -> str:
    """The one line with which a command is refused."""
    assert main(arguments) == 1
    captured = capsys.readouterr()
    assert captured.out == "" and captured.err.count("\n") == 1
    return captured.err


def test_mistakes_are_one_line_each(vectors: tuple[Path, Path], tmp_path: Path, capsys) -> None:
    source, target = map(str, vectors)
    narrow = str(write_vec(tmp_path / "narrow.vec", ["a", "b"], np.ones((2, 4), "f4")))
    line = refused(capsys, "lexicon", source, narrow)
    assert f"{narrow}: vectors of 4 dimensions, {source} has {DIMENSIONS}" in line
    line = refused(capsys, "lexicon", source, target, "--format", "tex")
    assert "--format: unknown format 'tex'; did you mean 'tei'?" in line
    (tmp_path / "words.doc").write_text("x")
    assert "unknown format of vectors '.doc'" in refused(
        capsys, "lexicon", source, str(tmp_path / "words.doc")
    )
    assert "no such file of vectors" in refused(capsys, "lexicon", source, "nowhere.vec")
    assert "no folder of a model" in refused(
        capsys, "lexicon", source, target, "--encoder", str(tmp_path)
    )
    np.save(tmp_path / "few.npy", np.ones((3, 4), "f4"))
    (tmp_path / "few.txt").write_text("one\n")
    assert "1 words for the 3 rows" in refused(capsys, "lexicon", str(tmp_path / "few.npy"), source)


def test_an_output_that_cannot_be_written_or_is_an_input_is_refused_before_anything_is_made(
    vectors: tuple[Path, Path], run: Path, tmp_path: Path, monkeypatch, capsys
) -> None:
    def never(request: object) -> None:
        raise AssertionError("the lexicon was made")

    monkeypatch.setattr("lingualift.command.lexicon.induce", never)
    source, target = map(str, vectors)
    held = vectors[0].read_bytes()
    (tmp_path / "file").write_text("x")
    for output, said in (
        (source, "is an input, which would be lost"),
        (str(tmp_path), "is a folder"),
        (str(tmp_path / "file" / "x.tsv"), "is a file, not a folder"),
    ):
        line = refused(capsys, "lexicon", source, target, "--output", output)
        assert output in line and said in line
    aligned = vectors[0].with_name("in.source.vec")
    aligned.write_bytes(held)
    mapped = str(vectors[0].with_name("in.vec"))
    line = refused(capsys, "lexicon", str(aligned), target, "--mapped", mapped)
    assert f"{aligned}: is an input" in line
    assert (vectors[0].read_bytes(), aligned.read_bytes()) == (held, held)
    lexicon = run / "results/lexicons/sw.parquet"
    line = refused(capsys, "export", "lexicon", "sw", "--run", str(run), "-o", str(lexicon))
    assert "is an input" in line


def test_a_lexicon_that_a_run_has_not_made_is_named_with_its_command(run: Path, capsys) -> None:
    line = refused(capsys, "export", "lexicon", "swa", "--run", str(run))
    assert "did you mean 'sw'?" in line and "snakemake --cores all results/lexicons/swa" in line


def test_usage_ends_with_two_and_help_shows_an_example(capsys) -> None:
    assert main(["lexicon", "one.vec"]) == 2
    assert "Missing argument 'TARGET'" in capsys.readouterr().err
    for name in ("ask", "codeswitch", "lexicon", "new-language", "plan", "provenance"):
        assert main([name, "--help"]) == 0
        assert f"Example:\n    lingualift {name} " in capsys.readouterr().out
    assert main(["export", "lexicon", "--help"]) == 0
    assert "Example:\n    lingualift export lexicon sw" in capsys.readouterr().out


def test_a_shell_is_told_sub_commands_and_formats() -> None:
    def completed(words: str) -> list[str]:
        environment = {"_LINGUALIFT_COMPLETE": "bash_complete", "COMP_WORDS": words}
        environment["COMP_CWORD"] = str(len(words.split(" ")) - 1)
        code = "from lingualift.command import main; main()"
        done = subprocess.run(
            [sys.executable, "-c", code],
            env={**environment, "PYTHONPATH": ":".join(filter(None, sys.path))},
            capture_output=True,
            text=True,
        )
        return done.stdout.split()

    assert completed("lingualift co") == ["plain,codeswitch"]
    assert completed("lingualift lexicon --format t") == ["plain,tsv", "plain,tei"]


@pytest.mark.parametrize("policy", [None, "ACTIVE"])
@pytest.mark.parametrize("start", [lambda: main(["--version"]), harness])
def test_threads_of_command_and_harness_sleep_unless_told_otherwise(
    monkeypatch: pytest.MonkeyPatch, policy: str | None, start: Callable[[], int]
) -> None:
    monkeypatch.setenv("OMP_WAIT_POLICY", policy or "")
    if policy is None:
        monkeypatch.delenv("OMP_WAIT_POLICY")
    monkeypatch.setitem(sys.modules, "lm_eval", None)
    start()
    assert os.environ["OMP_WAIT_POLICY"] == (policy or "PASSIVE")


def test_neither_command_nor_harness_loads_torch_before_its_threads_are_told_to_sleep() -> None:
    code = (
        "import sys, lingualift.command, lingualift.harness.__main__; print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
