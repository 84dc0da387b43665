"""A small run of two languages with every system of config/gsm8k-small.yaml gives most of the
paper's tables and figures (config/test/paper.yaml), from result tables such as the run would have.
"""

from typing import Any

import pytest

from lingualift.benchmarks.registry import BENCHMARKS
from lingualift.figures.base import LeftOut
from lingualift.paper import ARTIFACTS, kind, make
from lingualift.paper.base import Answers, Dataset, LanguageFacts, PaperInputs, SystemFacts, Table
from lingualift.paper.measured import Slot
from lingualift.paper.published import facts, paper_rows, read_published
from lingualift.paper.read import ArtifactFiles
from lingualift.plan import Plan
from lingualift.plan import paper as plan_paper
from lingualift.tables.scopes import PAPERS
from tests.unit.test_paper import REFERENCE, row, sentence_rows
from tests.unit.test_systems import planned

ELSEWHERE = {"table-04", "table-18"}
"""Made of lexicons and code-switched text: tests/whole/test_paper.py makes them."""


@pytest.fixture(scope="module")
def small() -> Plan:
    return planned("gsm8k.yaml", "gsm8k-small.yaml", "test/paper.yaml", {"mirror": "mirror"})


def slot(plan: Plan, name: str, benchmark: str) -> Slot:
    """The result table that the run would have: its systems in its languages, and averages."""
    groups = BENCHMARKS[benchmark].BENCHMARK.groups
    asked = plan.languages_of(benchmark)
    levels = [level for level, codes in groups.items() if level and set(codes) & set(asked)]
    scopes = [*asked, *(level.capitalize() for level in levels), "Avg."]
    systems = dict.fromkeys(plan.runs[run].system for run in plan.runs_on(benchmark))
    rows = [
        row(system, scope, 20.0 + 3 * place + 2 * number)
        for place, system in enumerate(systems)
        for number, scope in enumerate(scopes)
    ]
    return Slot(name, benchmark, groups, rows)


def group_rows(of: Slot) -> list[dict[str, Any]]:
    """Its rows by the paper's groups: Swahili is `Other` among families and `Latin` in script."""
    groups = {"paper family": "Other", "paper script": "Latin"}
    return [
        {**row(system, f"{PAPERS}{group} (sw)", 30.0), "level": level}
        for system in of.systems
        for level, group in groups.items()
    ]


def answers(plan: Plan, read: ArtifactFiles) -> Answers:
    assert read.answers is not None
    ids = ["a", "b"]
    return Answers(
        read.answers.benchmark,
        questions=dict.fromkeys(ids, "swali"),
        english=dict.fromkeys(ids, "question"),
        gold=dict.fromkeys(ids, "4"),
        outputs={system: dict.fromkeys(ids, "4") for system in read.answers.predictions},
        correct={system: dict.fromkeys(ids, True) for system in read.answers.predictions},
    )


def made_from(plan: Plan, name: str) -> PaperInputs:
    """What the run would hand to an entry, as far as the plan says that it reads it."""
    artifact, read, known = (
        ARTIFACTS[name],
        plan_paper.artifact_files(plan, name),
        plan_paper.system_and_language_facts(plan),
    )
    slots = {key: slot(plan, key, files.benchmark) for key, files in read.slots.items()}
    return PaperInputs(
        name,
        artifact.title,
        rows=paper_rows(artifact.rows),
        published=read_published(REFERENCE / f"{key}.csv" for key in artifact.benchmarks),
        facts=facts(artifact.facts) if artifact.facts else [],
        slots=slots,
        systems={system: SystemFacts(**values) for system, values in known["systems"].items()},
        languages={code: LanguageFacts(**values) for code, values in known["languages"].items()},
        retrieval=slot(plan, "retrieval", read.retrieval.benchmark) if read.retrieval else None,
        groups=group_rows(next(iter(slots.values()))) if read.groups else [],
        datasets=[Dataset(of.part, of.sources[0], of.name, 1, 24) for of in read.datasets],
        answers=answers(plan, read) if read.answers else None,
        sentences=sentence_rows() if read.sentences else [],
        parameters=dict.fromkeys(read.checkpoints, 2_000_000),
    )


def test_a_small_run_of_two_languages_gives_18_tables_and_7_figures(small: Plan) -> None:
    assert set(planned("gsm8k.yaml", "gsm8k-small.yaml").config.systems) <= set(
        small.config.systems
    )
    assert small.config.languages.alignment == ["de", "sw"]
    available = plan_paper.available(small)
    kinds = [kind(name) for name in available]
    assert kinds.count("csv") >= 18 and kinds.count("svg") >= 7 and "figure-13" in available
    for name in set(available) - ELSEWHERE:
        made = make(name, made_from(small, name))
        assert not isinstance(made, LeftOut), (name, made)
        assert not isinstance(made, Table) or made.measured > 0, name
