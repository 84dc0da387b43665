"""Multiple choice: reading a generated answer, and choosing by likelihood instead of generating.

By generation, as the paper asks: the model writes its answer, which names one of the choices. By likelihood: the choice whose text,
with the end token, the model holds likeliest after the prompt; nothing is extracted, so a model that does not keep to the form of the
answers is not punished for it.
"""

import re
from collections.abc import Sequence


def first_named(text: str, choices: Sequence[str]) -> str | None:
    """The choice that the text names first, as a whole word; letters count in upper case alone. None where it names none."""
    found = [
        (match.start(), -len(choice), choice)
        for choice in choices
        if (match := re.search(rf"(?<!\w){re.escape(choice)}(?!\w)", text, 0 if len(choice) == 1 else re.IGNORECASE))
    ]
    return min(found)[2] if found else None


def whole_answer(text: str, choices: Sequence[str]) -> str | None:
    """The choice that the first line of the text consists of, punctuation and case aside; None where it is anything else."""
    line = text.strip().partition("\n")[0].strip(" .,:;()[]*\"'").casefold()
    return next((choice for choice in choices if choice.casefold() == line), None)
