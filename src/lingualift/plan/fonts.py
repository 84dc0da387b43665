"""Which fonts travel with a run's report and figures."""

from collections.abc import Mapping
from pathlib import Path

from lingualift.config import Config
from lingualift.languages import Language
from lingualift.retrieve.fetch import source_state
from lingualift.retrieve.sources import Source


def font_sources(
    config: Config, languages: Mapping[str, Language], sources: Mapping[str, Source]
) -> list[str]:
    """The sources of fonts for the scripts of a run's languages, in the registry's order.

    Offline only those that are at hand: a run does not stop for want of a font, and letters of its
    script are then left to the reader's fonts.
    """
    codes = [*config.languages.alignment, *config.languages.evaluation]
    scripts = {languages[code].script for code in codes}
    wanted = [source for source in sources.values() if source.script in scripts]
    return [source.key for source in wanted if not config.offline or _at_hand(config, source)]


def _at_hand(config: Config, source: Source) -> bool:
    resources = Path(config.resources)
    folder = resources / "sources" / source.key
    return source_state(source, folder, resources / "downloads", config.mirror) != "download"
