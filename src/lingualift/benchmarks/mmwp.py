"""MMWP (section 4, appendix B): 48 languages. Its official data is not public, so there are two
benchmarks here.

`mmwp` reads the official problems where a user has them, one file a language: `mmwp_{code}.tsv`,
question and answer separated by a tab, in the same order in every language (the form of MGSM). The
paper counts 811 problems in its text and 38,400 / 48 = 800 in its table of data sets; either is
accepted.

`mmwp-english` builds an English side from the public sources in the paper's order: 500 multi-step
problems of ASDiv and 500 of MAWPS are drawn with a seed, and then those are left out whose text
came before or whose answer is no number. 901 remain, where the paper has 811. Which 500 the authors
drew is not published, so this is not their selection, and figures on it cannot be compared with the
paper's. `mmwp-built` translates it.
"""

import hashlib
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

from lingualift.benchmarks.base import Benchmark, Problem, find_one, gold_number
from lingualift.benchmarks.mmwp_mini import GROUPS
from lingualift.data.rows import UNREADABLE, first_line, read_delimited, read_rows, text
from lingualift.messages import LinguaLiftError

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
SEED = 1
_NUMERIC = re.compile(r"(-?[\d,]+(?:\.\d+)?)(?:\s*\([^()]*\))?")
_OPERATOR = re.compile(r"(?<=[\w.)%])\s*[-+*/](?=\s*[\w.(])")


def read(folders: Sequence[Path], language: str, code: str, split: str) -> Iterator[Problem]:
    """The official problems of one language."""
    path = find_one(BENCHMARK, folders[0], "**/mmwp_{code}.tsv", language, code)
    for serial, row in enumerate(read_delimited(path, "\t", header=("question", "answer")), 1):
        yield Problem(
            f"mmwp-{serial:03d}",
            row.text("question"),
            gold_number(row.values["answer"], row.place),
            place=row.place,
        )


@dataclass(frozen=True)
class Candidate:
    """A problem of a source that may be drawn: `answer` is as the source has it, `steps` the number
    of its operations.
    """

    id: str
    question: str
    answer: str
    steps: int
    place: str


def build(folders: Sequence[Path], language: str, code: str, split: str) -> Iterator[Problem]:
    """The English side from the folders of ASDiv and of MAWPS, in this order."""
    asdiv, mawps = (
        find_one(ENGLISH, folder, f"**/{name}", language, code)
        for folder, name in zip(folders, ("ASDiv.xml", "mawps.json"), strict=True)
    )
    yield from numeric_and_distinct(
        [*draw_candidates(read_asdiv(asdiv)), *draw_candidates(read_mawps(mawps))]
    )


def draw_candidates(
    candidates: Iterable[Candidate], size: int = DRAWN, seed: int = SEED
) -> list[Candidate]:
    """`size` of the multi-step candidates (at least two operations), in the order of the SHA-256 of
    the seed and their ids.

    A random generator would tie the draw to a library's version and to the order of the file.
    """
    pool = [candidate for candidate in candidates if candidate.steps >= 2]
    return sorted(
        pool, key=lambda candidate: hashlib.sha256(f"{seed} {candidate.id}".encode()).digest()
    )[:size]


def numeric_and_distinct(candidates: Iterable[Candidate]) -> Iterator[Problem]:
    """The candidates as problems, without those whose text came before (but for case and
    punctuation) or whose answer is no number (a unit in brackets may follow it).
    """
    seen: set[str] = set()
    for candidate in candidates:
        text = re.sub(r"[\W_]+", " ", candidate.question.lower()).strip()
        answer = _NUMERIC.fullmatch(candidate.answer)
        if answer and text not in seen:
            yield Problem(
                candidate.id,
                candidate.question,
                gold_number(answer[1], candidate.place),
                place=candidate.place,
            )
        seen.add(text)


def steps(formula: str) -> int:
    """How many operations the left-hand side of a formula has (signs and units in brackets do not
    count).
    """
    sides = re.sub(r"\([a-z /]*\)", "", formula).split("=")
    return max(len(_OPERATOR.findall(side)) for side in sides)


def read_asdiv(path: Path) -> Iterator[Candidate]:
    """ASDiv's problems."""
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
        question = (
            f"{text(cell['Body'], 'Body', place)} {text(cell['Question'], 'Question', place)}"
        )
        yield Candidate(
            entry.get("ID") or f"asdiv-{serial:04d}",
            " ".join(question.split()),
            cell["Answer"],
            steps(cell["Formula"]),
            place,
        )


def read_mawps(path: Path) -> Iterator[Candidate]:
    """MAWPS' problems; the blanks of its tokenisation are closed before punctuation."""
    for row in read_rows(path):
        question = re.sub(r"\s+([.,?!;:])", r"\1", " ".join(row.text("original_text").split()))
        yield Candidate(
            f"mawps-{row.number:04d}",
            question,
            str(row.values.get("ans")).strip(),
            steps(str(row.values.get("equation", ""))),
            row.place,
        )


OFFICIAL = SimpleNamespace(BENCHMARK=BENCHMARK, read=read)
REBUILT = SimpleNamespace(BENCHMARK=ENGLISH, read=build)
