"""Pages of answers: the same problems for every system, with question, English and each answer side
by side (Figures 11 to 13).
"""

from lingualift.benchmarks.base import evenly_spread
from lingualift.figures.base import LeftOut
from lingualift.paper.base import Answers, Artifact, Block, Page, PaperInputs

SHOWN = 5  # problems of a page


def make(artifact: Artifact, inputs: PaperInputs) -> Page | LeftOut:
    """Problems spread evenly over the set, whatever was answered: nothing is picked."""
    answers = inputs.answers
    if answers is None or not answers.questions:
        return LeftOut("No problem was asked.")
    language = inputs.languages[artifact.language].name
    ids = evenly_spread(list(answers.questions), SHOWN)
    blocks = [_block(answers, id_, language, inputs) for id_ in ids]
    lead = (
        f"{len(ids)} problems of {answers.benchmark}, spread evenly over its"
        f" {len(answers.questions)}; the same ones for every system and on every page. Nothing was"
        " picked by its answer."
    )
    return Page(f"{artifact.title} ({answers.benchmark})", lead, blocks)


def _block(answers: Answers, id_: str, language: str, inputs: PaperInputs) -> Block:
    return Block(
        id=id_,
        language=language,
        question=answers.questions[id_],
        english=answers.english.get(id_, ""),
        gold=answers.gold[id_],
        answers=[
            (
                inputs.systems[system].title,
                outputs.get(id_, ""),
                bool(answers.correct[system].get(id_)),
            )
            for system, outputs in answers.outputs.items()
        ],
    )
