"""How often an answer's first equation uses the question's own numbers alone, by language.

    python -m dev.first_equations RUN SYSTEM

`RUN` is the folder of a finished run, `SYSTEM` one of `RUN/results/predictions`, such as
`lingualift` or, of its second seed, `lingualift~2`. The numbers are those of the question's English
original, so that native digits and spelt numerals count alike; an answer without an equation does
not use them.
"""

import argparse
import re
from collections.abc import Sequence
from pathlib import Path

from lingualift.artifacts import read_parquet
from lingualift.benchmarks.parallel import numbers


def share(answers: Sequence[str], questions: Sequence[str]) -> float:
    """The share of answers in %; `questions` are the English originals."""
    used = [_uses_own(*pair) for pair in zip(answers, questions, strict=True)]
    return 100 * sum(used) / len(used)


def _uses_own(answer: str, question: str) -> bool:
    first, equals, _ = answer.partition("=")
    operands = re.findall(r"\d+(?:\.\d+)?", first)
    own = set(map(str, numbers(question)))
    return bool(equals and operands) and own.issuperset(operands)


def main() -> None:
    """The command of this module."""
    parser = argparse.ArgumentParser(
        prog="python -m dev.first_equations", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("run", type=Path)
    parser.add_argument("system")
    options = parser.parse_args()
    results, benchmark = options.run / "results", "mmwp-mini"
    problems = read_parquet(results / f"problems/{benchmark}/en.parquet").to_pylist()
    english = {row["id"]: row["question"] for row in problems}
    for path in sorted((results / f"predictions/{options.system}/{benchmark}").glob("*.parquet")):
        rows = read_parquet(path).to_pylist()
        answers = [row["output"] for row in rows]
        print(f"{path.stem} {share(answers, [english[row['id']] for row in rows]):.0f}")


if __name__ == "__main__":
    main()
