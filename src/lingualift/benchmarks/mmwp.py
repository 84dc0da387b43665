"""MMWP (section 4, appendix B): 48 languages. Its official data is not public, so there are two
benchmarks here.

`mmwp` reads the official problems where a user has them, one file a language: `mmwp_{code}.tsv`,
question and answer separated by a tab, in the same order in every language (the form of MGSM). The
paper counts 811 problems in its text and 38,400 / 48 = 800 in its table of data sets; either is
accepted.

`mmwp-english` builds an English side from the public sources as the paper describes it: 500
problems of ASDiv and 500 of MAWPS, multi-step, without duplicates and without answers that are not
numbers. Which 500 the authors drew is not published, so this is not their selection (nor their 811
problems), and figures on it cannot be compared with the paper's. The draw is fixed: problems are
ordered by the SHA-256 of their normalised text.
"""

import hashlib
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace

from lingualift.benchmarks.base import Benchmark, Problem, find_one, number
from lingualift.benchmarks.mmwp_mini import GROUPS
from lingualift.data.rows import UNREADABLE, first_line, read_delimited, read_rows, text
from lingualift.errors import LinguaLiftError

BENCHMARK = Benchmark(
    name="mmwp",
    title="MMWP",
    groups=GROUPS,
    prompt="maths",
    metric="accuracy",
    licence="not public",
    citation="LinguaLIFT, arXiv 2412.12499",
    counts={"test": (800, 811)},
    sources=("mmwp",),
    parallel=True,
)
ENGLISH = Benchmark(
    name="mmwp-english",
    title="MMWP's English side, rebuilt from ASDiv and MAWPS (not the authors' selection)",
    groups={"high": ("en",)},
    prompt="maths",
    metric="accuracy",
    licence="CC-BY-NC-4.0 (ASDiv), MIT (MAWPS collection)",
    note="rebuilt from the public sources; not the authors' selection",
    citation="Miao et al. 2020, ACL; Koncel-Kedziorski et al. 2016, NAACL",
    counts={"test": tuple(range(600, 1001))},
    sources=("asdiv", "mawps"),
    together=True,
)
DRAWN = 500
_OPERATOR = re.compile(r"(?<=[\w.)%])\s*[-+*/](?=\s*[\w.(])")


def read(folders: Sequence[Path], language: str, code: str, split: str) -> Iterator[Problem]:
    """The official problems of one language."""
    path = find_one(BENCHMARK, folders[0], "**/mmwp_{code}.tsv", language, code)
    for serial, row in enumerate(read_delimited(path, "\t", header=("question", "answer")), 1):
        yield Problem(
            f"mmwp-{serial:03d}",
            row.text("question"),
            number(row.values["answer"], row.place),
            place=row.place,
        )


def build(folders: Sequence[Path], language: str, code: str, split: str) -> Iterator[Problem]:
    """The English side from the folders of ASDiv and of MAWPS, in this order."""
    asdiv, mawps = (
        find_one(ENGLISH, folder, f"**/{name}", language, code)
        for folder, name in zip(folders, ("ASDiv.xml", "mawps.json"), strict=True)
    )
    yield from select([*drawn(read_asdiv(asdiv), DRAWN), *drawn(read_mawps(mawps), DRAWN)])


def drawn(problems: Iterable[tuple[Problem, int]], size: int) -> list[Problem]:
    """`size` of the multi-step problems (at least two operations), each text once, in the order of
    their texts' SHA-256.
    """
    pool = {_normalised(problem.question): problem for problem, steps in problems if steps >= 2}
    order = sorted(pool, key=lambda key: hashlib.sha256(key.encode()).digest())
    return [pool[key] for key in order[:size]]


def select(problems: Iterable[Problem]) -> list[Problem]:
    """The problems without those whose text came before."""
    return list(
        {_normalised(problem.question): problem for problem in reversed(list(problems))}.values()
    )[::-1]


def steps(formula: str) -> int:
    """How many operations the left-hand side of a formula has (signs and units in brackets do not
    count).
    """
    sides = re.sub(r"\([a-z /]*\)", "", formula).split("=")
    return max(len(_OPERATOR.findall(side)) for side in sides)


def read_asdiv(path: Path) -> Iterator[tuple[Problem, int]]:
    """ASDiv's problems whose answer is one number (a unit in brackets may follow), with their
    steps.
    """
    try:
        root = ElementTree.parse(path).getroot()
    except (ElementTree.ParseError, *UNREADABLE) as error:
        raise LinguaLiftError(
            f"{path}: not XML ({first_line(error)}); take the file from its source again"
        ) from None
    for serial, entry in enumerate(root.iter("Problem"), 1):
        place = f"{path}, problem {serial}"
        cell = {
            tag: (entry.findtext(tag) or "").strip()
            for tag in ("Body", "Question", "Answer", "Formula")
        }
        if not (answer := re.fullmatch(r"(-?[\d,]+(?:\.\d+)?)(?:\s*\([^()]*\))?", cell["Answer"])):
            continue
        question = (
            f"{text(cell['Body'], 'Body', place)} {text(cell['Question'], 'Question', place)}"
        )
        identifier = entry.get("ID") or f"asdiv-{serial:04d}"
        yield (
            Problem(identifier, " ".join(question.split()), number(answer[1], place), place=place),
            steps(cell["Formula"]),
        )


def read_mawps(path: Path) -> Iterator[tuple[Problem, int]]:
    """MAWPS' problems whose answer is a number, with their steps; the blanks of its tokenisation
    are closed before punctuation.
    """
    for row in read_rows(path):
        answer = str(row.values.get("ans")).strip()
        if not re.fullmatch(r"-?\d+(\.\d+)?", answer):
            continue
        question = re.sub(r"\s+([.,?!;:])", r"\1", " ".join(row.text("original_text").split()))
        yield (
            Problem(
                f"mawps-{row.number:04d}", question, number(answer, row.place), place=row.place
            ),
            steps(str(row.values.get("equation", ""))),
        )


def _normalised(question: str) -> str:
    return re.sub(r"[\W_]+", " ", question.lower()).strip()


OFFICIAL = SimpleNamespace(BENCHMARK=BENCHMARK, read=read)
REBUILT = SimpleNamespace(BENCHMARK=ENGLISH, read=build)
