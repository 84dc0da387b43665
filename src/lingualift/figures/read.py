"""What figures are drawn from, read from the files of a run."""

import csv
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from lingualift.artifacts import read_json, read_parquet
from lingualift.evaluation.score import SCORE_SCHEMA
from lingualift.figures.base import FigureInputs, Row, Timing
from lingualift.messages import LinguaLiftError
from lingualift.tables.lexicons import LEXICON_TABLE_SCHEMA
from lingualift.tables.results import TIDY_SCHEMA, tidy
from lingualift.tables.scopes import Scope

ALIGNED, WITHOUT_ALIGNMENT = "lingualift", "lingualift-without-align"
"""The method and the ablation that shows what its alignment gives (Appendix D.1)."""
GIB = 1024.0  # MiB, Snakemake's unit of memory


def parquet_rows(paths: Iterable[str | Path], schema: pa.Schema | None) -> list[Row]:
    """The rows of Parquet files, one after the other."""
    return [row for path in paths for row in read_parquet(path, schema).to_pylist()]


def read_timing(path: str | Path, folder: str | Path) -> Timing | None:
    """A job's record as Snakemake writes it below `folder`; None where it was cut off.

    A job that ended within a second has no memory (`-` or `NA`).
    """
    kind, *job = Path(path).relative_to(folder).with_suffix("").parts
    with open(path, newline="", encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle, delimiter="\t"))
    try:
        seconds = sum(float(row["s"]) for row in rows)
        peaks = [row["max_rss"] for row in rows if row["max_rss"] not in ("-", "NA", "")]
        peak = max((float(value) / GIB for value in peaks), default=None)
    except (KeyError, TypeError, ValueError) as error:
        raise LinguaLiftError(
            f"{path}: is no record of a job's time and memory ({error}); delete it"
        ) from None
    if not rows:
        return None
    return Timing(kind, "/".join(job), seconds, peak)


def read_timings(folder: str | Path) -> list[Timing]:
    """Every record below a folder, by path."""
    records = (read_timing(path, folder) for path in sorted(Path(folder).rglob("*.tsv")))
    return [timing for timing in records if timing is not None]


def read_stages(
    folders: Sequence[str | Path], systems: Mapping[str, Sequence[str]]
) -> list[dict[str, Any]]:
    """What checkpoints record, with their `id` and the titles of the `systems` that each serves."""
    stages = []
    for folder in map(Path, folders):
        record = read_json(folder / "stage.json")
        stages.append({**record, "id": folder.name, "systems": list(systems.get(folder.name, ()))})
    return stages


def ablation(table: Sequence[Row], scores: Sequence[str], resamples: int) -> list[Row]:
    """Rows of LinguaLIFT, and of LinguaLIFT without alignment as its reference, one a language;
    empty where one of the two did not run.
    """
    titles = {
        row["system"]: (row["title"], row["stages"])
        for row in table
        if row["origin"] == "measured" and row["system"] in (ALIGNED, WITHOUT_ALIGNMENT)
    }
    if len(titles) < 2:
        return []
    marks = pa.concat_tables([read_parquet(path, SCORE_SCHEMA) for path in scores])
    languages = list(dict.fromkeys(marks["language"].to_pylist()))
    columns = [Scope(code, "", (code,)) for code in languages]
    compared = tidy(marks, titles, languages, {}, [], WITHOUT_ALIGNMENT, resamples, columns)
    return compared.to_pylist()


def read_figure_inputs(
    paths: Mapping[str, Sequence[str]],
    names: Mapping[str, str],
    systems: Mapping[str, Sequence[str]],
    resamples: int,
) -> FigureInputs:
    """Read the files of each need: `table`, `scores`, `retrieval` and `lexicon_table` are Parquet,
    `lexicons` one Parquet file a language, `stages` checkpoints, `timings` one folder.

    `systems` maps a checkpoint to the titles of the systems that it serves.
    """
    readers: dict[str, Callable[[Sequence[str]], Any]] = {
        "table": lambda files: parquet_rows(files, TIDY_SCHEMA),
        "retrieval": lambda files: parquet_rows(files, TIDY_SCHEMA),
        "lexicon_table": lambda files: parquet_rows(files, LEXICON_TABLE_SCHEMA),
        "lexicons": lambda files: {Path(path).stem: parquet_rows([path], None) for path in files},
        "stages": lambda files: read_stages(files, systems),
        "timings": lambda files: read_timings(files[0]),
    }
    values = {need: readers[need](files) for need, files in paths.items() if need != "scores"}
    if "scores" in paths:
        values["ablation"] = ablation(values["table"], paths["scores"], resamples)
    return FigureInputs(names=names, **values)
