"""`lingualift provenance`: everything that made a row of a result table."""

import json
from pathlib import Path

import click

from lingualift.messages import LinguaLiftError

EXAMPLE = """\b
Example:
  lingualift provenance results/tables/mmwp.parquet --system lingualift --language sw"""


@click.command("provenance", epilog=EXAMPLE, short_help="Everything that made a row of a table.")
@click.argument("table", type=Path)
@click.option("--system", help="A row's system.")
@click.option("--language", help="A row's language.")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def provenance_command(
    table: Path, system: str | None, language: str | None, as_json: bool
) -> None:
    """Everything that made a row of a result TABLE (or any file of results)."""
    from lingualift.provenance import trace, trace_text

    if table.suffix == ".csv":
        table = table.with_suffix(".parquet")
    if not table.exists():
        raise LinguaLiftError(
            f"{table}: no such file; make it with `snakemake --cores all {table}`"
        )
    stamps = trace(table, system, language)
    click.echo(
        json.dumps(stamps, ensure_ascii=False, indent=1, sort_keys=True)
        if as_json
        else trace_text(stamps)
    )
