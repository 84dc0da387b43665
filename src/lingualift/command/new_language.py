"""`lingualift new-language`: what a language that has no row yet needs."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from lingualift.proposal import Proposal

EXAMPLE = """\b
Example:
  lingualift new-language tt --text corpus.txt --native татарча --family Turkic"""
TABLE = Path("config/languages.tsv")


@click.command("new-language", epilog=EXAMPLE, short_help="What a new language needs.")
@click.argument("code")
@click.option("--text", type=Path, required=True, help="A text in it, UTF-8, one sentence a line.")
@click.option("--name", help="Its English name.")
@click.option("--native", help="Its own name.")
@click.option("--family", help="Its family, such as Niger-Congo.")
@click.option("--script", help="ISO 15924. Default: that of the text.")
@click.option("--table", type=Path, default=TABLE, show_default=True, help="The language table.")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def new_language_command(
    code: str, text: Path, table: Path, as_json: bool, **stated: str | None
) -> None:
    """Propose the row of a language (its CODE, of two or three letters) for the language table, say
    what is known and missing for it, check a text in it, and print the commands to run.
    """
    from lingualift.languages import load_languages
    from lingualift.proposal import propose

    cells = {column: value for column, value in stated.items() if value}
    proposal = propose(code, text, load_languages(table), cells)
    if as_json:
        record = {
            "row": proposal.row,
            "missing": proposal.missing,
            "benchmarks": proposal.benchmarks,
            "corpus": asdict(proposal.corpus),
        }
        click.echo(json.dumps(record, ensure_ascii=False))
    else:
        click.echo(proposal_text(proposal, text, table))


def proposal_text(proposal: "Proposal", text: Path, table: Path) -> str:
    """The proposal in words."""
    from lingualift.proposal import BY_HAND

    corpus, code = proposal.corpus, proposal.row["code"]
    counts = corpus.counts
    lines = [f"row for {table}:", proposal.line, ""]
    if proposal.missing:
        options = ", ".join(f"--{column}" for column in proposal.missing)
        lines += [f"to be filled in where '?' stands: {options}", ""]
    lines += [f"{what}: {fact}" for what, fact in language_resources(proposal).items()]
    lines += [
        f"not known here, fill in where the data set has it: {', '.join(BY_HAND)}",
        "",
        f"text {text}: {counts.kept} of {counts.lines} lines kept ({counts.other_script} in another"
        f" script, {counts.english} English), {corpus.tokens} tokens, {corpus.frequent} of"
        f" {corpus.words} words occur three times or more",
        "",
        "to run, after the row is added (ENGLISH.txt: English text, one sentence a line):",
        f"  mkdir -p mirror/text && cp {text} mirror/text/{code}.txt",
        "  cp ENGLISH.txt mirror/text/en.txt",
        f"  snakemake --cores all results/lexicons/{code}.parquet --config mirror=mirror \\",
        '    \'corpus={"source":"local-text"}\' \'lexicon={"gold":null}\' \\',
        f'    \'languages={{"alignment":["{code}"],"evaluation":["en"]}}\'',
    ]
    return "\n".join(lines)


def language_resources(proposal: "Proposal") -> dict[str, str]:
    """What is known, and what is missing, by what it is needed for."""
    row = proposal.row
    none = "none; docs/adding-a-language.md says how to bring your own or translate mmwp-mini"
    return {
        "tokeniser": f"spaCy's '{row['spacy']}'" if row["spacy"] else "spaCy's general one",
        "word list": f"wordfreq's '{row['wordfreq']}'" if row["wordfreq"] else "none in wordfreq",
        "translation": f"NLLB's '{row['nllb']}'" if row["nllb"] else "not in NLLB",
        "digits": f"its own from {row['zero']} on" if row["zero"] else "0-9",
        "vectors": "trained on the text; published ones are not known here",
        "gold dictionary": f"none; mirror/dictionaries/en-{row['code']}.txt may hold one",
        "benchmarks": ", ".join(proposal.benchmarks) or none,
    }
