"""What every benchmark shares: problems of one language, with where they come from."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Problem:
    """One test item: `question` is the text a system reads, `answer` the gold answer as the benchmark writes it."""

    id: str
    question: str
    answer: str
    operation: str = ""
    choices: tuple[str, ...] = ()
    translation: str = ""


@dataclass(frozen=True)
class Benchmark:
    """What a benchmark is: its languages by group, its prompt, how its answers are read, where it comes from and under which terms."""

    name: str
    title: str
    groups: dict[str, tuple[str, ...]]
    prompt: str
    metric: str
    licence: str
    note: str
    answer: Literal["number", "choice", "neighbour"] = "number"

    @property
    def languages(self) -> tuple[str, ...]:
        return tuple(language for group in self.groups.values() for language in group)

    def group(self, language: str) -> str:
        """The resource group of a language, or an empty string when the benchmark's averages leave it out."""
        return next((group for group, languages in self.groups.items() if language in languages), "")
