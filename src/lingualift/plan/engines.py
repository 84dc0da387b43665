"""Which engine translates what: into English for Translate-En, both ways for mmwp-built."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from lingualift.benchmarks.mmwp_built import BENCHMARK as BUILT
from lingualift.benchmarks.mmwp_built.sheets import SUFFIXES
from lingualift.config import Config
from lingualift.languages import Language
from lingualift.messages import LinguaLiftError, known, nearest
from lingualift.plan.files import RESULTS
from lingualift.retrieve.sources import Source


def translates(source: Source, language: Language, out_of_english: bool = False) -> bool:
    """Whether an engine translates a language into English, or English into it: a pair of its own,
    or a model that knows the language's NLLB code.
    """
    if not source.by_language:
        return language.nllb is not None
    return language.code in source.out_of_english if out_of_english else source.holds(language)


def first_engine(
    keys: Iterable[str],
    sources: Mapping[str, Source],
    language: Language,
    out_of_english: bool = False,
) -> str | None:
    """The first of these engines that translates (None: none does)."""
    return next((key for key in keys if translates(sources[key], language, out_of_english)), None)


def version(source: Source, language: Language) -> str:
    """An engine's name, version and pin, as data cards and sheets have it."""
    if source.kind == "hub":
        return f"{source.repository} {source.revision or 'without a pinned commit'}"
    (pair,) = (file for file in source.files if file.language == language.code)
    pin = source.for_language(language).pin
    return f"{pair.package} {pair.version or source.version} (pin {pin})"


def built_sheets(config: Config, lang: str) -> list[str]:
    """The sheets that annotators have returned for a language, at most one of each kind."""
    folder = config.mmwp_built.sheets
    if folder is None:
        return []
    paths = (Path(folder) / f"{lang}{suffix}" for suffix in SUFFIXES)
    return [str(path) for path in paths if path.is_file()]


def check_built(
    config: Config, languages: Mapping[str, Language], sources: Mapping[str, Source]
) -> None:
    """Where mmwp-built is asked: its engines are there, and every evaluated language has one of
    them, both ways, or a returned sheet.
    """
    settings = config.mmwp_built
    for key in settings.engines:
        known(key, sources, "source", "mmwp_built.engines")
    if settings.sheets is not None:
        _check_sheets(Path(settings.sheets), languages)
    for code in config.languages.evaluation:
        if code == "en" or code not in BUILT.languages or built_sheets(config, code):
            continue
        for out_of_english, way in ((True, f"English into '{code}'"), (False, f"'{code}' back")):
            if not first_engine(settings.engines, sources, languages[code], out_of_english):
                raise LinguaLiftError(
                    f"mmwp_built.engines: none of {', '.join(settings.engines)} translates {way},"
                    f" and mmwp_built.sheets has no sheet {code}.tsv or {code}.xlsx; add an engine"
                    " or a sheet, or take the language out of languages.evaluation"
                )


def _check_sheets(folder: Path, languages: Mapping[str, Language]) -> None:
    if not folder.is_dir():
        raise LinguaLiftError(f"mmwp_built.sheets: there is no folder {folder}")
    if folder.resolve().is_relative_to(Path(RESULTS).resolve()):
        raise LinguaLiftError(
            f"mmwp_built.sheets: {folder} belongs to the workflow, which would overwrite what comes"
            " back; take a folder outside of results"
        )
    for path in sorted(folder.iterdir()):
        hidden = path.name.startswith((".", "~$"))  # what a spreadsheet at work leaves there
        if (
            path.suffix.lower() in SUFFIXES
            and not hidden
            and (path.suffix not in SUFFIXES or path.stem not in languages)
        ):
            raise LinguaLiftError(
                f"{path}: a sheet is named by its language's code, as in es.xlsx;"
                f" {nearest(path.stem.lower(), languages)}"
            )
