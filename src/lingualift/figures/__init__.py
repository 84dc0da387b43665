"""The figures by name. A figure is one module here, whose `draw(inputs)` gives a `Drawing` or says
why it is left out, and one entry in `FIGURES`.
"""

from collections.abc import Iterable, Mapping
from importlib import import_module

from lingualift.figures.base import Drawing, Figure, FigureInputs, LeftOut
from lingualift.messages import LinguaLiftError, nearest

FIGURES: dict[str, Figure] = {
    "accuracy": Figure("accuracy", needs=("table",), by_table=True),
    "gain-lexicon": Figure(
        "gain_lexicon", needs=("table", "scores", "lexicon_table"), by_table=True
    ),
    "gain-retrieval": Figure(
        "gain_retrieval", needs=("table", "scores", "retrieval"), by_table=True
    ),
    "neighbours": Figure("neighbours", needs=("lexicons", "lexicon_table")),
    "loss": Figure("loss", needs=("stages",)),
    "time": Figure("time", needs=("timings",)),
}


def figure_names(
    tables: Iterable[str],
    retrieval_tables: Iterable[str] = (),
    figures: Mapping[str, Figure] = FIGURES,
) -> dict[str, tuple[str, str | None]]:
    """All figures of a run: {name of its files: (entry of the register, result table or None)}.

    `retrieval_tables` are tables of sentence retrieval: nothing is gained there, but figures that
    need one are drawn for the other tables only where there is one.
    """
    retrieval_tables = list(retrieval_tables)
    names: dict[str, tuple[str, str | None]] = {}
    for name, figure in figures.items():
        if "retrieval" in figure.needs and not retrieval_tables:
            continue
        if not figure.by_table:
            names[name] = (name, None)
            continue
        for table in tables:
            if "retrieval" not in figure.needs or table not in retrieval_tables:
                names[f"{name}-{table}"] = (name, table)
    return names


def draw_figure(
    name: str, inputs: FigureInputs, figures: Mapping[str, Figure] = FIGURES
) -> Drawing | LeftOut:
    """Draw an entry of the register; an unknown name raises LinguaLiftError."""
    if name not in figures:
        raise LinguaLiftError(f"unknown figure '{name}'; {nearest(name, figures)}")
    module = figures[name].module
    return import_module(module if "." in module else f"{__name__}.{module}").draw(inputs)
