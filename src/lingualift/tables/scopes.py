"""The columns of a result table: languages, and the groups that are averaged."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

WITHOUT, PAPERS = " without ", "the paper's "


@dataclass(frozen=True)
class Scope:
    """A column of the table: one language, or the unweighted mean over several."""

    name: str
    level: str
    languages: tuple[str, ...]


def scopes(
    languages: Sequence[str],
    groups: Mapping[str, Sequence[str]],
    aligned: Sequence[str],
    left_out: Sequence[str] = (),
) -> list[Scope]:
    """Languages, then Low, Medium, High and Avg. as the paper averages them, those of the averages
    that change `without` each language that some of its tables leave out, then the mean over the
    aligned languages.

    Avg. leaves out languages that belong to no group, as the paper's does, unless none belongs to
    one.
    """
    level = {language: name for name, members in groups.items() for language in members}
    result = [Scope(language, level.get(language, ""), (language,)) for language in languages]
    for name in filter(None, groups):
        members = tuple(language for language in languages if level.get(language) == name)
        if members:
            result.append(Scope(name.capitalize(), name, members))
    result.append(
        Scope(
            "Avg.",
            "",
            tuple(language for language in languages if level.get(language)) or tuple(languages),
        )
    )
    averages = [scope for scope in result if len(scope.languages) > 1]
    for absent in left_out:
        for scope in averages:
            rest = tuple(language for language in scope.languages if language != absent)
            if absent in scope.languages:
                result.append(Scope(f"{scope.name}{WITHOUT}{absent}", scope.level, rest))
    members = tuple(language for language in languages if language in aligned)
    if members:
        result.append(Scope("Aligned", "", members))
    return result


def group_scopes(
    languages: Sequence[str], groupings: Mapping[str, Mapping[str, str]]
) -> list[Scope]:
    """The groups of the evaluated languages by each grouping (`family`, `paper script` ...: the
    group of each language, empty where it has none), each named with its members, the mean over
    them.
    """
    result = []
    for level, kinds in groupings.items():
        grouped = [language for language in languages if kinds[language]]
        for name in sorted({kinds[language] for language in grouped}):
            members = tuple(language for language in grouped if kinds[language] == name)
            whose = PAPERS if level.startswith("paper ") else ""
            result.append(Scope(f"{whose}{name} ({', '.join(members)})", level, members))
    return result
