"""`lingualift lexicon`: a lexicon from any two files of vectors."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from lingualift.command.streams import require_output, say, text_output
from lingualift.messages import LinguaLiftError, known

if TYPE_CHECKING:
    from lingualift.config import LexiconSettings
    from lingualift.embeddings.fasttext import Embeddings
    from lingualift.lexicon.build import Lexicon
    from lingualift.lexicon.views import WordSpace

FORMAT_NAMES = ("muse", "tsv", "jsonl", "tei")
EXAMPLE = """\b
Example:
  lingualift lexicon wiki.en.vec wiki.sw.vec --languages en sw --output en-sw.tsv
\b
The verdict (good, weak or collapsed) and its evidence go to standard output, or, where the
lexicon goes there, to standard error."""


def complete_format(context: Any, parameter: Any, incomplete: str) -> list[str]:
    """What a shell offers after --format; an unknown one is refused with its nearest."""
    return [name for name in FORMAT_NAMES if name.startswith(incomplete)]


format_option = click.option(
    "--format",
    default="tsv",
    show_default=True,
    shell_complete=complete_format,
    help="muse, tsv, jsonl or tei.",
)


@dataclass(frozen=True)
class LexiconRequest:
    """What was asked for; names as on the command line."""

    source: Path
    target: Path
    encoder: Path | None
    encoder_layers: tuple[int, ...]
    seed_dictionary: Path | None
    gold: Path | None
    format: str
    output: Path | None
    mapped: Path | None
    words: int
    top_k: int
    seed: int
    languages: tuple[str, str]
    json: bool


@click.command("lexicon", epilog=EXAMPLE, short_help="A lexicon from any two files of vectors.")
@click.argument("source", type=Path)
@click.argument("target", type=Path)
@click.option("--encoder", type=Path, help="Folder of a multilingual encoder: a second view.")
@click.option(
    "--encoder-layers",
    type=click.IntRange(min=1),
    multiple=True,
    help="A layer that represents words; repeat it. Default: the ends of the thirds of its depth.",
)
@click.option("--seed-dictionary", type=Path, help="Pairs of words to start from, one a line.")
@click.option("--gold", type=Path, help="Pairs of words to report precision on, never used.")
@format_option
@click.option("--output", "-o", type=Path, help="File of the lexicon. Default: standard output.")
@click.option(
    "--mapped",
    type=Path,
    metavar="OUT.vec",
    help="Write the vectors in the space of the lexicon to OUT.source.vec and OUT.target.vec.",
)
@click.option(
    "--words",
    type=click.IntRange(min=1),
    default=20000,
    show_default=True,
    help="Most frequent words of each file that are used.",
)
@click.option("--top-k", type=click.IntRange(min=1), default=5, show_default=True)
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True)
@click.option(
    "--languages",
    nargs=2,
    default=("und", "und"),
    metavar="SOURCE TARGET",
    help="Codes that tei and jsonl note (und: not known).",
)
@click.option("--json", is_flag=True, help="The evidence as one JSON object.")
def lexicon_command(**options: Any) -> None:
    """Induce a lexicon from two files of word vectors, of any pair of languages, without
    supervision.

    SOURCE and TARGET are .vec or .bin files (.gz too), or .npy arrays with their words in a .txt
    file of the same name, most frequent word first; or a folder of a run's vectors
    (results/embeddings/fasttext/sw). Both need vectors of one width.
    """
    request = LexiconRequest(**options)
    known(request.format, FORMAT_NAMES, "format", "--format")
    inputs = request.source, request.target, request.encoder, request.seed_dictionary, request.gold
    require_output(request.output, *inputs)
    mapped = {} if request.mapped is None else _mapped_paths(request.mapped)
    for path in mapped.values():
        require_output(path, *inputs)
    induced = induce(request)
    from lingualift.lexicon.formats import FORMATS, write_vectors

    if request.mapped is not None:
        from lingualift.artifacts import atomic_path

        for side, words in (("source", induced.source), ("target", induced.target)):
            with atomic_path(mapped[side]) as path:
                write_vectors(path, words)
    with text_output(request.output) as handle:
        FORMATS[request.format](handle, induced.table, request.languages)
    evidence = induced.evidence
    said = "\n".join([verdict_text(evidence), *precisions(evidence)])
    say(evidence if request.json else said, aside=request.output is None)


def _mapped_paths(asked: Path) -> dict[str, Path]:
    """The files of the aligned vectors, by the side that they hold."""
    name = asked.name.removesuffix(".vec")
    return {side: asked.with_name(f"{name}.{side}.vec") for side in ("source", "target")}


def induce(request: LexiconRequest) -> "Lexicon":
    """The lexicon of two files; every mistake of the request before anything is computed."""
    from lingualift.embeddings.pretrained import read_vectors
    from lingualift.lexicon.build import build_lexicon
    from lingualift.lexicon.formats import plain_word
    from lingualift.lexicon.gold import lowered, read_muse

    seed_pairs = None if request.seed_dictionary is None else read_muse(request.seed_dictionary)
    gold = {} if request.gold is None else {request.gold.name: lowered(read_muse(request.gold))}
    source, target = (
        read_vectors(path, request.words, plain_word) for path in (request.source, request.target)
    )
    if source.vectors.shape[1] != target.vectors.shape[1]:
        raise LinguaLiftError(
            f"{request.target}: vectors of {target.vectors.shape[1]} dimensions, {request.source}"
            f" has {source.vectors.shape[1]}; train both alike"
        )
    spaces = word_spaces(source, target, request)
    return build_lexicon(
        *spaces, settings(request), seed=request.seed, seed_dictionary=seed_pairs, gold=gold
    )


def settings(request: LexiconRequest) -> "LexiconSettings":
    """The starts that the request has the means for; all else as the workflow has it."""
    from lingualift.config import LexiconSettings

    starts = ["encoder"] if request.encoder else []
    starts += ["similarity", "identical"] + (["seed"] if request.seed_dictionary else [])
    # layers were chosen where words were encoded
    values = {"starts": starts, "encoder_layers": [1], "top_k": request.top_k}
    return LexiconSettings.model_validate(values)


def word_spaces(
    source: "Embeddings", target: "Embeddings", request: LexiconRequest
) -> tuple["WordSpace", "WordSpace"]:
    """The words of both files with their vectors and, where there is an encoder, its own."""
    from lingualift.lexicon.views import WordSpace

    encoded: list[np.ndarray | None] = [None, None]
    if request.encoder is not None:
        encoded = [*_encoded(request, source.words, target.words)]
    first, second = (
        WordSpace(side.words, side.frequencies, side.vectors, vectors)
        for side, vectors in zip((source, target), encoded, strict=True)
    )
    return first, second


def _encoded(request: LexiconRequest, *languages: list[str]) -> list[np.ndarray]:
    from lingualift.lexicon.words import embed_words
    from lingualift.machine import device, dtype
    from lingualift.model.encoder import Encoder, depth_and_width

    assert request.encoder is not None
    if not (request.encoder / "config.json").is_file():
        raise LinguaLiftError(
            f"{request.encoder}: no folder of a model (no config.json); after a run the encoder's"
            " is in resources/models"
        )
    depth, _ = depth_and_width(request.encoder)
    layers = request.encoder_layers or tuple(max(1, depth * third // 3) for third in (1, 2, 3))
    if max(layers) > depth:
        raise LinguaLiftError(
            f"--encoder-layers: {max(layers)} is not a layer of {request.encoder}; it has 1 to"
            f" {depth}"
        )
    encoder = Encoder(request.encoder, max(layers), dtype("auto"), device())
    if encoder.tokenize.language_tokens:
        raise LinguaLiftError(
            f"{request.encoder}: marks the language of every text, which files of vectors do not"
            " name; take another encoder, or the workflow"
        )
    return [
        embed_words(words, lambda texts: encoder.word_states(texts, layers, ""), progress=name)
        for name, words in zip(("source words", "target words"), languages, strict=True)
    ]


def verdict_text(evidence: dict[str, Any]) -> str:
    """The verdict and what speaks for it, in words."""
    lines = [
        f"verdict: {evidence['verdict']} ({evidence['reason']})",
        f"words: {evidence['source_words']} and {evidence['target_words']};"
        f" score: {evidence['score']}; start kept: {evidence['kept_start']}",
        f"mean cosine of the best translations: {evidence['criterion']:.3f}; each other's best:"
        f" {evidence['mutual_rate']:.1%} of the source words",
    ]
    return "\n".join(lines)


def precisions(evidence: dict[str, Any]) -> list[str]:
    """A line for each gold dictionary and view: its precision in percent."""
    lines = []
    for name, views in evidence.get("gold", {}).items():
        for view, measured in views.items():
            shares = ", ".join(f"P@{k} {value:g}" for k, value in measured["precision"].items())
            lines.append(f"{name}, {view}: {shares} ({measured['words']} words)")
    return lines
