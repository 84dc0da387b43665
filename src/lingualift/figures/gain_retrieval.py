"""Gain over the baseline by language against how often a system retrieves a sentence's translation
(the paper's Figure 7 has accuracy itself).
"""

from lingualift.figures.base import Drawing, FigureInputs, LeftOut
from lingualift.figures.gain import drawing, gain_points


def draw(inputs: FigureInputs) -> Drawing | LeftOut:
    """Retrieval is the system's own, in the same language."""
    measure = {
        (row["system"], row["scope"]): row["accuracy"]
        for row in inputs.retrieval
        if row["origin"] == "measured" and row["seed"] is None
    }
    rows = gain_points(inputs, measure)
    if not rows:
        return LeftOut(
            "The gain against retrieval is left out: no system and language has both a gain and a"
            " retrieval accuracy."
        )
    for row in rows:
        row["hollow"] = False
    return drawing(
        rows, "sentence retrieval, %", "Languages with better retrieval", "Retrieval", ""
    )
