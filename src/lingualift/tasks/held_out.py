"""Training questions that a benchmark asks are left out of the training data.

X-CSQA divides CommonsenseQA's 10,962 labelled questions anew into 8,888 to train on and 2,074 to
ask (Table 5), so CommonsenseQA's own training part holds most of what is asked.
"""

import logging
from collections.abc import Iterable, Mapping

from lingualift.messages import LinguaLiftError
from lingualift.tasks.forms import Example, question_fields

logger = logging.getLogger(__name__)


def letters(text: str) -> str:
    """The letters and digits of a text, alike in any typesetting."""
    return "".join(letter for letter in text.casefold() if letter.isalnum())


def wording(question: str) -> tuple[str, ...]:
    """What two copies of a question share: its letters and digits, and those of its choices in
    whatever order.
    """
    fields = question_fields(question)
    if "choices" not in fields:
        return (letters(question),)
    choices = (line.partition(". ")[2] for line in fields["choices"].split("\n"))
    return (letters(fields["stem"]), *sorted(map(letters, choices)))


class BenchmarkQuestions:
    """The English questions of benchmarks by name, and the ids of the examples that ask one.

    English examples are known by their words, translations by the id of their English.
    """

    def __init__(self, benchmarks: Mapping[str, Iterable[str]]) -> None:
        self.benchmarks = ", ".join(benchmarks)
        self._asked = {wording(text) for texts in benchmarks.values() for text in texts}
        self._ids: set[str] = set()
        self._english_read = False

    def without(self, key: str, language: str, examples: Iterable[Example]) -> Iterable[Example]:
        """A source's examples in one language without those that a benchmark asks, whose number
        stands in the log.

        Raises `LinguaLiftError` for translations that come before any English.
        """
        if not self._asked:
            return examples
        read = list(examples)
        if language == "en":
            ids = {entry.id for entry in read if wording(entry.question) in self._asked}
            self._ids |= ids
            self._english_read = True
        elif self._english_read:
            ids = self._ids
        else:
            raise LinguaLiftError(
                f"task data: what {self.benchmarks} asks is found by the English questions, and"
                f" '{key}' is read in '{language}' before any; list English, and its source, first"
            )
        kept = [entry for entry in read if entry.id not in ids]
        logger.info(
            "%s in %s: %d of %d questions are asked by %s and left out",
            key,
            language,
            len(read) - len(kept),
            len(read),
            self.benchmarks,
        )
        return kept
