"""How often the default encoder finds the English original of a question, and what languages gain.

    python -m dev.retrieval RUN

`RUN` is the folder of a finished run of `config/all-languages.yaml` whose record `dev.results` has
written. For each language: of the test problems of mmwp-mini, in % those whose mean encoder state
(the layer that the method reads) is nearest to the same problem's in English, and the lexicon's
verdict. Writes `docs/encoder-retrieval.csv`, the figure of gains against it, and the table of
low-resource languages in docs/log.md.
"""

import argparse
import csv
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import yaml

from dev.results import (
    ABLATION,
    METHOD,
    READER,
    ROOT,
    RUNS,
    Row,
    difference,
    read,
    with_table,
)
from dev.scaling import markdown
from lingualift.artifacts import atomic_path, write_text
from lingualift.evaluation.problems import read_problems
from lingualift.evaluation.retrieval import neighbours
from lingualift.figures.base import Drawing
from lingualift.figures.gain import drawing
from lingualift.figures.write import write_figure
from lingualift.languages import load_languages
from lingualift.machine import dtype
from lingualift.model.encoder import Encoder
from lingualift.model.prepare import prepared

FILE = ROOT / "docs/encoder-retrieval.csv"
FIGURE = ROOT / "docs/figures/gain-retrieval-all-languages.svg"
COLUMNS = ["language", "retrieval", "verdict", "in_stage_1"]
RECORD = RUNS["all-languages"]


def of_run(run: Path) -> list[Row]:
    """The rows of `FILE`, in the order of the table's languages."""
    settings = yaml.safe_load((ROOT / "config/config.yaml").read_text(encoding="utf-8"))["encoder"]
    model = prepared(run / f"resources/models/{settings['source']}/model.json")
    encoder = Encoder(model, settings["layer"], dtype("auto"), split_digits=True)
    codes = [row["scope"] for row in single_languages(read(RECORD)) if row["scope"] != "en"]

    def means(language: str) -> np.ndarray:
        problems = read_problems(run / f"results/problems/{RECORD.benchmark}/{language}.parquet")
        return np.stack([s.mean(0) for s in encoder.states([one.question for one in problems])])

    english = means("en")
    found = {code: (neighbours(means(code), english) == np.arange(len(english))) for code in codes}
    lexicons = {
        row["language"]: row
        for row in pq.read_table(run / "results/tables/lexicons.parquet").to_pylist()
    }
    return [
        {
            "language": code,
            "retrieval": f"{100 * found[code].mean():.4f}",
            "verdict": lexicons[code]["verdict"] if code in lexicons else "",
            "in_stage_1": "yes" if code in lexicons and lexicons[code]["in_stage_1"] else "",
        }
        for code in codes
    ]


def read_measured() -> list[Row]:
    """The rows of the published file."""
    with open(FILE, newline="", encoding="utf-8") as handle:
        return list(csv.DictReader(handle))


def single_languages(rows: Sequence[Row]) -> list[Row]:
    """The method's rows of one language, in the mean of the seeds, beside the first reference."""
    return [
        row
        for row in rows
        if row["system"] == METHOD
        and row["reference"] == RECORD.references[0]
        and not row["seed"]
        and row["scope"] == row["languages"]
    ]


def figure(rows: Sequence[Row], measured: Sequence[Row]) -> Drawing:
    """The gain of the method by language against retrieval, hollow where stage 1 saw no lexicon; a
    panel a reference.
    """
    names = {code: one.name for code, one in load_languages(ROOT / "config/languages.tsv").items()}
    title = {row["system"]: row["title"] for row in rows}
    seen = {row["language"]: row for row in measured}
    points = [
        {
            "panel": f"{row['title']} − {title[row['reference']]}",
            "system": row["title"],
            "baseline": title[row["reference"]],
            "code": row["scope"],
            "language": names[row["scope"]],
            "gain": float(row["difference"]),
            "low": float(row["difference_low"]),
            "high": float(row["difference_high"]),
            "measure": float(seen[row["scope"]]["retrieval"]),
            "n": 80,
            "hollow": not seen[row["scope"]]["in_stage_1"],
        }
        for reference in (READER, ABLATION)
        for row in rows
        if (row["system"], row["reference"], row["seed"]) == (METHOD, reference, "")
        and row["scope"] in seen
    ]
    return drawing(
        points,
        "questions whose English original the encoder finds, %",
        "Languages with better retrieval",
        "Retrieval",
        "Hollow: stage 1 saw no lexicon.",
    )


def low_table(rows: Sequence[Row], measured: Sequence[Row]) -> str:
    """The low-resource languages by what they gain on the reader: lexicon, retrieval, accuracies,
    gains. An asterisk marks an interval above 0.
    """
    seen: Mapping[str, Row] = {row["language"]: row for row in measured}
    mean = [row for row in rows if not row["seed"] and row["level"] == "low"]
    mean = [row for row in mean if row["scope"] == row["languages"]]
    accuracy = {(row["system"], row["scope"]): float(row["accuracy"]) for row in mean}
    gains = {(row["reference"], row["scope"]): row for row in mean if row["system"] == METHOD}
    codes = [row["scope"] for row in mean if (row["system"], row["reference"]) == (METHOD, READER)]
    codes.sort(key=lambda code: -float(gains[READER, code]["difference"]))
    return markdown(
        ["low-resource", "lexicon", "retrieval", "LinguaLIFT", "gain on Mono-SFT", "of alignment"],
        [
            [
                code,
                seen[code]["verdict"] or "none",
                f"{float(seen[code]['retrieval']):.0f}",
                f"{accuracy[METHOD, code]:.1f}",
                *(difference(gains[reference, code]) for reference in (READER, ABLATION)),
            ]
            for code in codes
        ],
    )


def main() -> None:
    """The command of this module."""
    parser = argparse.ArgumentParser(
        prog="python -m dev.retrieval", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("run", type=Path, help="folder of a finished run of all languages")
    measured = of_run(parser.parse_args().run)
    with atomic_path(FILE) as path, open(path, "w", newline="", encoding="utf-8") as handle:
        writer = csv.DictWriter(handle, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(measured)
    rows = read(RECORD)
    drawn = figure(rows, measured)
    with tempfile.TemporaryDirectory() as beside:
        write_figure(drawn, FIGURE, f"{beside}/figure.png", f"{beside}/figure.json")
    print(drawn.title, drawn.caption, sep="\n")
    page = ROOT / "docs/log.md"
    write_text(page, with_table(page.read_text(encoding="utf-8"), low_table(rows, measured)))


if __name__ == "__main__":
    main()
