"""Gain over the baseline by language against the precision of its lexicon."""

from lingualift.figures.base import Drawing, FigureInputs, LeftOut
from lingualift.figures.gain import drawing, gain_points

NOTE = "Hollow: the lexicon collapsed and was left out of stage 1."


def draw(inputs: FigureInputs) -> Drawing | LeftOut:
    """Precision at 1 on the gold dictionary or, where no language has one, the lexicons' held-out
    agreement.
    """
    lexicons = {row["language"]: row for row in inputs.lexicon_table}
    precision = {
        code: row[f"{row['score']}_p1"]
        for code, row in lexicons.items()
        if row[f"{row['score']}_p1"] is not None
    }
    axis, what = "lexicon precision at 1, %", "Lexicon precision"
    if not precision:
        precision = {
            code: row["held_out"] for code, row in lexicons.items() if row["held_out"] is not None
        }
        axis, what = "held-out agreement of two views", "Lexicon quality"
    systems = {row["system"] for row in inputs.table}
    rows = gain_points(
        inputs, {(s, code): value for s in systems for code, value in precision.items()}
    )
    if not rows:
        return LeftOut(
            "The gain against lexicon precision is left out: it takes a second system, and an"
            " aligned language that is evaluated and whose lexicon was measured."
        )
    for row in rows:
        row["hollow"] = not lexicons[row["code"]]["in_stage_1"]
    note = NOTE if any(row["hollow"] for row in rows) else ""
    return drawing(rows, axis, "Languages with a better lexicon", what, note)
