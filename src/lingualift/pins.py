"""Pins without typing: ask the hub for the commit of every source of a configuration that has none,
and write them under `pins` of its file.

    lingualift pin CONFIG [CONFIG ...] [KEY=REVISION ...]

CONFIG are overlays over config/config.yaml, as behind `--configfile`; the last one gets the pins.
KEY=REVISION pins one source at a commit, branch, tag or pull request that you name, also where it
has a pin, or where CONFIG does not use it. What the hub says of each commit stands behind it as a
comment.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from lingualift.artifacts import write_text
from lingualift.config import Config
from lingualift.data.rows import first_line, read_text
from lingualift.languages import load_languages
from lingualift.messages import LinguaLiftError, nearest
from lingualift.plan import plan
from lingualift.plan.systems import load_systems
from lingualift.plan.told import FOLDER, configuration
from lingualift.retrieve import clients, hub
from lingualift.retrieve.sources import PIN_COMMAND, Source, is_commit, load_sources


@dataclass(frozen=True)
class Pin:
    """A source's commit, and what the hub says of it."""

    key: str
    there: hub.Repository
    model: bool

    @property
    def about(self) -> str:
        """What stands behind the commit: day, licence, gate, form of the weights, gigabytes."""
        there = self.there
        words = [there.date, there.licence, "gated" if there.gated else "open"]
        if self.model:
            words.append("safetensors" if there.safetensors else "no safetensors")
        return ", ".join([*words, f"{there.size / 1e9:.2f} GB"])


@dataclass(frozen=True)
class PinOutcome:
    """The pins that were written, and what the user still has to do, a line each."""

    pins: list[Pin]
    notes: list[str]
    refused: list[str]


def pin(overlays: Sequence[str | Path], revisions: Mapping[str, str] | None = None) -> PinOutcome:
    """Pin every hub source of a configuration that has no commit, and those in `revisions` at the
    revision named there, used or not; the pins are written into the last of `overlays`, all at
    once. A pin that is no commit counts as the revision that is asked for.

    Sources that cannot be pinned are `refused` in the outcome, a line each, while the others are
    written. Pins that are there are looked up too. Raises `LinguaLiftError` where the hub answers
    nothing at all, and for a configuration or a file that cannot be read.
    """
    path, config = Path(overlays[-1]), configuration(overlays)
    text, registry = read_text(path), load_sources(FOLDER / "sources.yaml")
    hubs = {key for key, source in registry.items() if source.kind == "hub"}
    for key in revisions or {}:
        if key not in hubs:
            raise LinguaLiftError(
                f"{path}: '{key}' is no hub source of config/sources.yaml; {nearest(key, hubs)}"
            )
    moving = {
        key: value for key, value in config.pins.items() if key in hubs and not is_commit(value)
    }
    asked = {**moving, **(revisions or {})}
    outcome = _ask(hub_sources(config, asked), asked, config.mirror)
    if outcome.pins:
        write_text(path, with_pins(text, outcome.pins, str(path)))
    return outcome


def hub_sources(config: Config, asked: Collection[str] = ()) -> dict[str, list[Source]]:
    """The hub sources that a configuration uses and those `asked` for, by key: one that is
    retrieved by language as its parts. Pins of those asked for are not applied.
    """
    kept = {key: value for key, value in config.pins.items() if key not in asked}
    registry = load_sources(FOLDER / "sources.yaml", kept)
    languages, systems = load_languages(FOLDER / "languages.tsv"), load_systems(FOLDER / "systems")
    made = plan(config, languages, registry, systems)
    parts: dict[str, list[Source]] = {}
    for source in map(made.source, made.retrieved()):
        if source.kind == "hub":
            parts.setdefault(source.pin_key, []).append(source)
    for key in asked:
        parts.setdefault(key, [_in_any_language(registry[key])])
    return parts


def _in_any_language(source: Source) -> Source:
    """A source with the files of all its languages."""
    return source.model_copy(
        update={"allow": [pattern.replace("{code}", "*") for pattern in source.allow]}
    )


def _ask(
    sources: Mapping[str, Sequence[Source]], asked: Mapping[str, str], mirror: str | None
) -> PinOutcome:
    """What the hub says of each source in turn, until it does not answer. Raises `LinguaLiftError`
    where it has answered nothing.
    """
    pins: list[Pin] = []
    notes: list[str] = []
    refused: list[str] = []
    for number, (key, parts) in enumerate(sources.items()):
        try:
            found = _asked(parts, asked.get(key, parts[0].revision), mirror)
            if parts[0].revision is None or key in asked:
                pins.append(found)
            try:
                hub.check_access(parts[0])
            except hub.HubBusy:
                raise
            except hub.HubRefusal as refusal:
                notes.append(str(refusal))
        except hub.HubRefusal as refusal:
            refused.append(str(refusal))
        except Exception as error:  # the library's own, its HTTP client's and the system's
            words = f"{type(error).__name__}: {clients.redact(first_line(error))[:300]}"
            line = f"the hub does not answer ({words}); connect, or set HF_ENDPOINT to a hub within"
            if not pins and not refused:
                raise LinguaLiftError(f"{line} reach; nothing was written") from error
            left = ", ".join(list(sources)[number:])
            refused.append(f"{line} reach, then run again for {left}")
            break
    return PinOutcome(pins, notes, refused)


def _asked(parts: Sequence[Source], revision: str | None, mirror: str | None) -> Pin:
    """What the hub says of a source; what it lacks there (a model's safetensors, the files that are
    fetched of a data set) must be in the mirror.
    """
    allow = [pattern for part in parts for pattern in part.allow]
    source = parts[0].model_copy(update={"key": parts[0].pin_key, "allow": allow})
    there = hub.repository(source, revision)
    model = source.repo_type == "model"
    held = Path(mirror or "") / "hub" / (source.repository or "")
    if mirror is not None and any(held.glob(hub.SAFE if model else "*")):
        return Pin(source.key, there, model)
    if model and not there.safetensors:
        raise hub.HubRefusal(hub.without_safetensors(source, there.commit))
    for part in parts:
        if not any(hub.is_wanted(part, name) for name in there.files):
            raise hub.HubRefusal(hub.without_files(part, there.commit))
    return Pin(source.key, there, model)


def with_pins(text: str, pins: Sequence[Pin], where: str) -> str:
    """The text of a configuration file with these commits under its key `pins`, each with what the
    hub says of it as a comment; every other line stays as it is.

    Raises `LinguaLiftError` where the file holds `pins` in a form that cannot be kept so.
    """
    lines = text.splitlines()
    heads = [row for row, line in enumerate(lines) if re.match(r"pins\s*:", line)]
    before = (yaml.safe_load(text) or {}).get("pins") or {}
    if not heads:
        lines += ([""] if lines and lines[-1].strip() else []) + ["pins:"]
        start = end = len(lines)
    else:
        start = heads[0] + 1
        end = next(
            (row for row in range(start, len(lines)) if re.match(r"[^\s#]", lines[row])), len(lines)
        )
        if re.match(r"pins\s*:\s*[^\s#]", lines[heads[0]]):  # {} or a mapping in one line
            comment = re.search(r"\s+#.*$", lines[heads[0]])
            lines[heads[0]] = "pins:" + (comment[0] if comment else "")
            lines[start:start] = [f"  {key}: {_scalar(value)}" for key, value in before.items()]
            end += len(before)
    block = lines[start:end]
    for new in pins:
        line = f"  {new.key}: {_scalar(new.there.commit)}   # {new.about}"
        rows = [row for row, old in enumerate(block) if re.match(_entry(new.key), old)]
        if rows:
            indent = re.match(r"\s*", block[rows[0]])
            block[rows[0]] = (indent[0] if indent else "") + line.strip()
        else:
            entries = [row for row, old in enumerate(block) if re.match(r"\s+[^\s#]", old)]
            block.insert(entries[-1] + 1 if entries else 0, line)
    made = "\n".join([*lines[:start], *block, *lines[end:]]) + "\n"
    expected = {**before, **{new.key: new.there.commit for new in pins}}
    if _read(made) != {**(yaml.safe_load(text) or {}), "pins": expected}:
        added = ", ".join(f"{new.key}: {new.there.commit}" for new in pins)
        raise LinguaLiftError(
            f"{where}: holds `pins` in a form that would not stay as it is; write there yourself:"
            f" {added}"
        )
    return made


def _scalar(value: Any) -> str:
    """A value as YAML reads it again: a commit of decimal digits alone would be a number."""
    text = str(value)
    return text if yaml.safe_load(text) == value else f"'{text}'"


def _entry(key: str) -> str:
    """A pattern of the line that pins a source."""
    return rf"\s+(['\"]?){re.escape(key)}\1\s*:"


def _read(text: str) -> Any:
    """A file's settings, or nothing where it is no YAML any more."""
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        return None


def outcome_text(outcome: PinOutcome, path: str | Path) -> str:
    """What was done, and what remains, as lines for the user."""
    lines = [f"{new.key}: {new.there.commit} ({new.about})" for new in outcome.pins]
    if outcome.pins:
        size = sum(new.there.size for new in outcome.pins) / 1e9
        lines.append(f"{path}: {len(outcome.pins)} sources pinned, {size:.1f} GB in all")
    elif not outcome.refused:
        lines.append(f"{path}: every source has its pin, and the hub still has it")
    return "\n".join([*lines, *outcome.notes, *outcome.refused])


def parse_arguments(words: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """Configuration files and KEY=REVISION apart; a mistake is one line."""
    paths = [word for word in words if "=" not in word]
    revisions = dict(word.split("=", 1) for word in words if "=" in word)
    if not paths or not all(revisions.values()) or any(path.startswith("-") for path in paths):
        raise LinguaLiftError(f"usage: {PIN_COMMAND} [CONFIG ...] [KEY=REVISION ...]")
    return paths, revisions
