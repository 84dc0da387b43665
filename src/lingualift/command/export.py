"""`lingualift export`: what a finished run has made, in the forms of other tools."""

from pathlib import Path

import click

from lingualift.command.lexicon import FORMAT_NAMES, format_option
from lingualift.command.streams import require_output, say, text_output
from lingualift.messages import LinguaLiftError, known, nearest

EXAMPLE = """\b
Example:
  lingualift export lexicon sw --format muse --output en-sw.txt"""
CHECKPOINT_EXAMPLE = """\b
Example:
  lingualift export checkpoint results/checkpoints/transfer-e60baecf37 swahili-maths"""


@click.group("export")
def export_group() -> None:
    """What a finished run has made, in other tools' forms."""


@export_group.command("lexicon", epilog=EXAMPLE)
@click.argument("language")
@format_option
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
    from lingualift.command.lexicon import verdict_text
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
    require_output(output, path)
    table = read_parquet(path, LEXICON_SCHEMA)
    evidence = read_json(run / files.lexicon_evidence(language))
    with text_output(output) as handle:
        FORMATS[format](handle, table, ("en", language))
    say(evidence if as_json else verdict_text(evidence), aside=output is None)


@export_group.command("checkpoint", epilog=CHECKPOINT_EXAMPLE)
@click.argument("checkpoint", type=Path)
@click.argument("folder", type=Path)
@click.option("--refer", is_flag=True, help="Name the hub's models and commits, not hold them.")
@click.option("--llm", type=Path, help="Where the LLM's folder is, if it was moved.")
@click.option("--encoder", type=Path, help="Where the encoder's folder is, if it was moved.")
@click.option("--push-to-hub", metavar="NAME", help="Put the folder into this repository, too.")
@click.option("--public", is_flag=True, help="Of a new repository. Default: private.")
def export_the_checkpoint(
    checkpoint: Path,
    folder: Path,
    refer: bool,
    llm: Path | None,
    encoder: Path | None,
    push_to_hub: str | None,
    public: bool,
) -> None:
    """Write a CHECKPOINT to a new FOLDER that loads on another machine, with everything that it
    needs inside.
    """
    from lingualift.model import export as exporting

    exporting.export_checkpoint(checkpoint, folder, not refer, llm, encoder)
    say(f"{folder}: {'refers to the hub' if refer else 'self-contained'}", aside=False)
    if push_to_hub is not None:
        say(exporting.push_to_hub(folder, push_to_hub, not public), aside=False)
