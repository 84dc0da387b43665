"""Solved English questions in front of a question: few-shot prompting, as a user without any
training would do it.

They are drawn from task data, so from a training part alone, with a seed that does not change: all
languages and benchmarks of a kind see the same examples.
"""

from dataclasses import replace

import numpy as np
import pyarrow as pa

from lingualift.messages import LinguaLiftError
from lingualift.model.layout import Prompt

SEED = 1
SEPARATOR = "\n\n"
"""What stands between two examples; an answer ends where the model begins another."""


def draw_worked_examples(table: pa.Table, count: int, task: str) -> pa.Table:
    """`count` English rows of a task's questions, in the order of the draw; those that hold a blank
    line or a brace, which prompts give a meaning, are passed over.
    """
    rows = [
        index
        for index, row in enumerate(table.select(["language", "question", "response"]).to_pylist())
        if row["language"] == "en"
        and not any(mark in row["question"] + row["response"] for mark in (SEPARATOR, "{", "}"))
    ]
    if len(rows) < count:
        raise LinguaLiftError(
            f"task '{task}': {len(rows)} questions can be worked examples, {count} are asked for;"
            " set examples of the task higher"
        )
    chosen = np.random.default_rng(SEED).choice(rows, size=count, replace=False)
    return table.take(chosen.tolist())


def with_examples(prompt: Prompt, examples: pa.Table) -> Prompt:
    """The prompt behind solved examples in its own words."""
    blank = "" if prompt.template[-1:].isspace() else " "
    solved = "".join(
        f"{prompt.text(row['question'])}{blank}{row['response'].strip()}{SEPARATOR}"
        for row in examples.select(["question", "response"]).to_pylist()
    )
    return replace(prompt, template=solved + prompt.template)
