"""What the report says, as values; `page` turns them into HTML."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lingualift.benchmarks.base import Problem, evenly_spread
from lingualift.figures.base import Row
from lingualift.figures.neighbours import WORDS
from lingualift.figures.style import LEVELS, counted, listed, one_decimal
from lingualift.tables.decimals import to_one_decimal

QUESTIONS, FEWEST = 20, 3  # of a benchmark and language that stand side by side
MOST_ANSWERS = 4000  # of a benchmark: about 1 MB; 47 languages and 20 systems leave 4 questions
AVERAGES = {
    "Avg.": "average",
    "Aligned": "aligned languages",
    **{level.capitalize(): words for level, words in LEVELS.items()},
}
LONGEST = 600  # letters of an answer that are shown: a model that never ends would fill pages


@dataclass(frozen=True)
class Cell:
    """A cell of a result table: what is printed, what it is sorted by, and its interval."""

    text: str
    value: float | None = None
    interval: str = ""


@dataclass(frozen=True)
class TableColumn:
    """A column of a result table: a system that was measured, chance, or a figure of the paper."""

    title: str
    origin: str


@dataclass(frozen=True)
class TableRow:
    """A language or average of a result table; `level` is a language's resource level."""

    name: str
    level: str
    cells: Sequence[Cell]


@dataclass(frozen=True)
class ResultTable:
    """A result table with a row a language, so that it fits a page however many there are."""

    name: str
    benchmark: str
    systems: Sequence[TableColumn]
    note: str
    averages: Sequence[TableRow]
    languages: Sequence[TableRow]


@dataclass(frozen=True)
class ShownFigure:
    """A figure's record as `figures.write` leaves it."""

    name: str
    title: str
    caption: str
    spec: Mapping[str, Any]


@dataclass(frozen=True)
class TranslatedWord:
    """A word's nearest translation in a lexicon, and the next ones; whether the nearest one's own
    nearest English word is the word (`mutual`).
    """

    word: str
    nearest: str
    others: str
    mutual: bool


@dataclass(frozen=True)
class LexiconSummary:
    """A language's lexicon: verdict, evidence and examples."""

    code: str
    language: str
    verdict: str
    reason: str
    used: str
    precision: Cell
    words: str
    examples: Sequence[TranslatedWord]


@dataclass(frozen=True)
class Licence:
    """A source that the run read, and its terms."""

    key: str
    title: str
    version: str
    licence: str
    note: str
    citation: str


@dataclass(frozen=True)
class Report:
    """Everything on the page."""

    question: str
    configuration: Sequence[str]
    configuration_text: str
    tables: Sequence[ResultTable]
    figures: Sequence[ShownFigure]
    lexicons: Sequence[LexiconSummary]
    lexicon_finding: str
    answers: Mapping[str, Any]
    left_out: Sequence[str]
    provenance: Sequence[tuple[str, str]]
    software: Sequence[tuple[str, str]]
    licences: Sequence[Licence] = field(default_factory=tuple)


def result_table(
    name: str, rows: Sequence[Row], names: Mapping[str, str], notes: Sequence[str] = ()
) -> ResultTable:
    """A tidy table with a column a system, and a row a language and average (seeds averaged); a
    system that is compared with the same LLM reading the question itself has another for its gain.
    `notes` are the lines below the table.
    """
    shown = [row for row in rows if row["seed"] is None]
    levels = {row["scope"]: LEVELS.get(row["level"], "") for row in shown}
    systems = list(dict.fromkeys((row["origin"], row["title"]) for row in shown))
    cells = {(row["origin"], row["title"], row["scope"]): row for row in shown}
    titles = {row["system"]: row["title"] for row in shown if row["origin"] == "measured"}
    readers = {row["title"]: titles[row["reader"]] for row in shown if row.get("reader")}
    compared = [f"{title}, gain over {reader}" for title, reader in readers.items()]

    def line(scope: str, called: str, level: str) -> TableRow:
        measured = [_cell(cells.get((*key, scope))) for key in systems]
        gains = [_gain(cells.get(("measured", title, scope))) for title in readers]
        return TableRow(called, level, measured + gains)

    averages = sorted((scope for scope in levels if scope not in names), key="Avg.".__ne__)
    return ResultTable(
        name,
        shown[0]["benchmark"] if shown else name,
        [
            TableColumn("chance" if origin == "chance" else title, origin)
            for origin, title in systems
        ]
        + [TableColumn(title, "gain") for title in compared],
        " ".join([*notes, *(f"{title}." for origin, title in systems if origin == "chance")]),
        [line(scope, AVERAGES.get(scope, scope), "") for scope in averages],
        [line(scope, names[scope], level) for scope, level in levels.items() if scope in names],
    )


def _cell(row: Row | None) -> Cell:
    if row is None:
        return Cell("–")
    bounds = "" if row["low"] is None else f"{row['low']:.0f}–{row['high']:.0f}"
    return Cell(to_one_decimal(row["accuracy"]), row["accuracy"], bounds)


def _gain(row: Row | None) -> Cell:
    if row is None or row["gain"] is None:
        return Cell("–")
    between = f"{row['gain_low']:+.0f} to {row['gain_high']:+.0f}"
    return Cell(to_one_decimal(row["gain"], "+"), row["gain"], between)


def lexicon_summary(
    row: Row, translations: Sequence[Row], names: Mapping[str, str]
) -> LexiconSummary:
    """A row of the lexicon table with the translations of a few words (`neighbours.WORDS`)."""
    score, code = row["score"], row["language"]
    precision = row[f"{score}_p1"]
    examples = []
    for word in WORDS:
        ranked = sorted((r for r in translations if r["source"] == word), key=lambda r: r["rank"])
        if ranked:
            others = ", ".join(r["target"] for r in ranked[1:3])
            examples.append(TranslatedWord(word, ranked[0]["target"], others, ranked[0]["mutual"]))
    used = "yes" if row["in_stage_1"] else "no"
    return LexiconSummary(
        code=code,
        language=names.get(code, code),
        verdict=row["verdict"],
        reason=row["reason"],
        used=used + " (from a seed dictionary)" * bool(row["supervised"]),
        precision=(
            Cell("–")
            if precision is None
            else Cell(
                f"{precision:.0f}",
                precision,
                f"{row[f'{score}_p1_low']:.0f}–{row[f'{score}_p1_high']:.0f}",
            )
        ),
        words="–" if row["gold_words"] is None else str(row["gold_words"]),
        examples=examples,
    )


def answers(
    problems: Mapping[str, Sequence[Problem]],
    outputs: Mapping[tuple[str, str], Mapping[str, str]],
    marks: Mapping[tuple[str, str, str], bool],
    names: Mapping[str, str],
    titles: Mapping[str, str],
    parallel: bool,
) -> dict[str, Any]:
    """One benchmark's answers side by side, for the page's script.

    `problems` maps a language to its problems, `outputs` (system, language) to outputs by id,
    `marks` (system, language, id) to whether the answer is right. English stands beside a question
    where the benchmark is `parallel` or gives a translation.
    """
    english = {problem.id: problem.question for problem in problems.get("en", ())}
    count = max(FEWEST, min(QUESTIONS, MOST_ANSWERS // max(1, len(problems) * len(titles))))
    items = []
    total = 0
    for code, asked in problems.items():
        by_id = {problem.id: problem for problem in asked}
        total = max(total, len(by_id))
        for key in evenly_spread(list(by_id), count):
            problem = by_id[key]
            items.append(
                {
                    "id": key,
                    "language": code,
                    "question": problem.question,
                    "english": (
                        (problem.translation or (english.get(key, "") if parallel else ""))
                        if code != "en"
                        else ""
                    ),
                    "gold": problem.answer,
                    "answers": [
                        _answer(outputs.get((system, code), {}), marks, (system, code, key))
                        for system in titles
                    ],
                }
            )
    return {
        "languages": [{"code": code, "name": names.get(code, code)} for code in problems],
        "systems": list(titles.values()),
        "items": items,
        "shown": min(count, total),
        "total": total,
    }


def _answer(
    outputs: Mapping[str, str],
    marks: Mapping[tuple[str, str, str], bool],
    key: tuple[str, str, str],
) -> dict[str, Any] | None:
    output = outputs.get(key[2])
    if output is None:
        return None
    text = output.strip()
    text = text if len(text) <= LONGEST else text[:LONGEST] + " …"
    return {"text": text, "right": marks.get(key, False)}


def question(tables: Sequence[ResultTable], aligned: Sequence[str]) -> str:
    """The question that the run asked, with what it asked it of."""
    benchmarks = listed(sorted({table.benchmark for table in tables}))
    systems = {
        system.title for table in tables for system in table.systems if system.origin == "measured"
    }
    return (
        "Can an English-centric LLM reason in languages that it hardly knows, when a multilingual"
        " encoder reads the question, and is aligned to the LLM without any parallel data? This"
        f" run asks {counted(len(systems), 'system')} the questions of {benchmarks}, after"
        f" inducing lexicons for {counted(len(aligned), 'language')}."
    )


def left_out(
    lexicons: Sequence[Row],
    figures: Mapping[str, str],
    evaluated: Sequence[str],
    names: Mapping[str, str],
    benchmarks: Mapping[str, Sequence[str]],
) -> list[str]:
    """What the run does not show, and why, a sentence each.

    `figures` maps a figure that was left out to its reason, `benchmarks` a benchmark to the
    languages that it was asked in.
    """
    sentences = []
    for row in lexicons:
        name = names.get(row["language"], row["language"])
        if not row["in_stage_1"]:
            sentences.append(f"{name} is left out of stage 1: {row['verdict']}, {row['reason']}.")
        elif row["supervised"]:
            sentences.append(
                f"{name} is aligned from a seed dictionary, because its unsupervised lexicon"
                " collapsed."
            )
    known = {row["language"] for row in lexicons}
    without = [names.get(code, code) for code in evaluated if code not in known and code != "en"]
    if without:
        sentences.append(f"No lexicon was asked for, so no text was aligned: {listed(without)}.")
    for benchmark, languages in benchmarks.items():
        missing = [names.get(code, code) for code in evaluated if code not in languages]
        if missing:
            sentences.append(f"{benchmark} has no questions in {listed(missing)}.")
    for row in lexicons:
        if row["gold_words"] is None:
            name = names.get(row["language"], row["language"])
            sentences.append(f"No gold dictionary holds {name}: its lexicon has no precision.")
    return [*sentences, *figures.values()]


def lexicon_finding(verdicts: Sequence[Row]) -> str:
    """How many lexicons are used, as a sentence over the table of lexicons."""
    used = sum(row["in_stage_1"] for row in verdicts)
    scored = [row[f"{row['score']}_p1"] for row in verdicts]
    known = [value for value in scored if value is not None]
    text = f"{used} of {counted(len(verdicts), 'lexicon')} entered stage 1"
    if known:
        text += f"; precision at 1 is {one_decimal(min(known))} to {one_decimal(max(known))} %"
    return text + "."
