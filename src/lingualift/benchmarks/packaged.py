"""Benchmarks that are part of this package: one TSV of questions a language and one key of answers
for all of them.
"""

from collections.abc import Iterator
from functools import cache
from importlib.resources import files

from lingualift.benchmarks.base import Problem
from lingualift.data.rows import read_delimited
from lingualift.messages import LinguaLiftError


@cache
def packaged_table(benchmark: str, package: str, name: str) -> dict[str, dict[str, str]]:
    """The rows of `name`.tsv in `package` by id, each row by column name.

    Raises LinguaLiftError where the file is missing, a line has another number of columns than the
    header, or an id occurs twice.
    """
    path = files(package) / f"{name}.tsv"
    if not path.is_file():
        raise LinguaLiftError(
            f"{benchmark}: {name}.tsv is missing from the installed package; install it again"
        )
    rows: dict[str, dict[str, str]] = {}
    for row in read_delimited(str(path), "\t", ("id",)):
        identifier = row.values.pop("id")
        if identifier in rows:
            raise LinguaLiftError(f"{row.place}: id '{identifier}' stands there twice")
        rows[identifier] = row.values
    return rows


def packaged_problems(
    benchmark: str, package: str, language: str, split: str, operation: str
) -> Iterator[Problem]:
    """The problems of one language and split, in the order of key.tsv.

    `operation` is the column of key.tsv that says what a problem asks for. Raises LinguaLiftError
    that counts the problems of the split that the language lacks.
    """
    questions = packaged_table(benchmark, package, language)
    wanted = {
        identifier: row
        for identifier, row in packaged_table(benchmark, package, "key").items()
        if row["split"] == split
    }
    if missing := [identifier for identifier in wanted if identifier not in questions]:
        raise LinguaLiftError(
            f"{benchmark} {language}.tsv: {len(missing)} of {len(wanted)} {split} problems are"
            f" missing, first {missing[0]}"
        )
    for identifier, row in wanted.items():
        yield Problem(
            identifier,
            questions[identifier]["question"],
            row["answer"],
            row[operation],
            place=f"{benchmark} {language}.tsv, {identifier}",
        )
