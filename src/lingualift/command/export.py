"""`lingualift export`: what a finished run has made, in the forms of other tools."""

from pathlib import Path

import click

from lingualift.command.lexicon import FORMAT_NAMES, complete_format
from lingualift.command.streams import say, text_output
from lingualift.messages import LinguaLiftError, known, nearest

EXAMPLE = """\b
Example:
  lingualift export lexicon sw --format muse --output en-sw.txt"""


@click.group()
def export() -> None:
    """What a finished run has made, in other tools' forms."""


@export.command("lexicon", epilog=EXAMPLE)
@click.argument("language")
@click.option(
    "--format",
    default="tsv",
    show_default=True,
    shell_complete=complete_format,
    help="muse, tsv, jsonl or tei.",
)
@click.option("--output", "-o", type=Path, help="Default: standard output.")
@click.option(
    "--run",
    type=Path,
    default=Path(),
    help="Folder of the run, which holds results. Default: this one.",
)
@click.option("--json", "as_json", is_flag=True, help="The evidence as one JSON object.")
def export_lexicon(
    language: str, format: str, output: Path | None, run: Path, as_json: bool
) -> None:
    """The lexicon of a LANGUAGE (its code), from English; its verdict is printed beside it."""
    known(format, FORMAT_NAMES, "format", "--format")
    from lingualift.artifacts import read_json, read_parquet
    from lingualift.command.lexicon import describe
    from lingualift.lexicon.formats import FORMATS
    from lingualift.lexicon.table import LEXICON_SCHEMA
    from lingualift.plan import files

    path = run / files.lexicon(language)
    if not path.is_file():
        made = [other.stem for other in path.parent.glob("*.parquet")]
        raise LinguaLiftError(
            f"{path}: no lexicon of '{language}' here; {nearest(language, made)}; make it with"
            f" `snakemake --cores all {files.lexicon(language)}`"
        )
    table = read_parquet(path, LEXICON_SCHEMA)
    evidence = read_json(run / files.lexicon_evidence(language))
    with text_output(output) as handle:
        FORMATS[format](handle, table, ("en", language))
    say(evidence if as_json else describe(evidence), aside=output is None)
