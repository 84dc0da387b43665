"""`lingualift codeswitch`: English text into code-switched training data."""

import importlib.util
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lingualift.command.streams import require_output, say, text_lines, text_output
from lingualift.messages import LinguaLiftError, known

if TYPE_CHECKING:
    from lingualift.codeswitch.lexicon import TranslationArrays

FORMS = ("instruction", "messages")
INSTALLED = "en_core_web_sm"
EXAMPLE = """\b
Example:
  lingualift codeswitch --lexicon en-sw.tsv --ratio .8 --pos all < questions.txt > sw.jsonl
\b
LLaMA-Factory reads the form `instruction`, TRL `messages`."""


@dataclass(frozen=True)
class SwitchRequest:
    """What was asked for; names as on the command line."""

    lexicon: Path
    ratio: float
    pos: str
    choice: str
    top_k: int
    seed: int
    language: str | None
    format: str
    instruction: str
    tagger: Path | None
    output: Path | None
    json: bool


@click.command(
    "codeswitch", epilog=EXAMPLE, short_help="English text to code-switched training data."
)
@click.option(
    "--lexicon", type=Path, required=True, help="A .parquet of a run, .tsv, .jsonl, .txt."
)
@click.option(
    "--ratio", type=float, default=0.9, show_default=True, help="Share of words replaced."
)
@click.option("--pos", default="all", show_default=True, help="Which parts of speech, a preset.")
@click.option("--choice", default="best", show_default=True, help="best, or sampled from --top-k.")
@click.option("--top-k", type=click.IntRange(min=1), default=1, show_default=True)
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True)
@click.option("--language", help="Code of the language. Default: the name of the lexicon's file.")
@click.option("--format", default="instruction", show_default=True, help="instruction or messages.")
@click.option("--instruction", default="Translate to English:", show_default=True)
@click.option("--tagger", type=Path, help=f"Folder of a spaCy pipeline. Default: {INSTALLED}.")
@click.option("--output", "-o", type=Path, help="Default: standard output.")
@click.option("--json", is_flag=True, help="The counts as one JSON object.")
def codeswitch_command(**options: Any) -> None:
    """Replace words of English text (standard input, one text a line) by their translations; JSON
    lines with the code-switched text as question and the English as answer.
    """
    request = SwitchRequest(**options)
    known(request.format, FORMS, "form", "--format")
    require_output(request.output, request.lexicon)
    from lingualift.codeswitch.lexicon import prepare_lexicon
    from lingualift.codeswitch.switch import check_achieved, checked_switching, switch_table
    from lingualift.codeswitch.tag import load_pipeline, tag

    how = checked_switching(request.ratio, request.pos, request.choice, request.top_k, request.seed)
    lexicon = prepare_lexicon(_spelled(request.lexicon), request.language or request.lexicon.stem)
    pipeline = load_pipeline(pipeline_folder(request.tagger))
    texts = {str(number): line for number, line in text_lines(None) if line.strip()}
    if not texts:
        raise LinguaLiftError("standard input: no text")
    switched, counts = switch_table(tag([*texts], [*texts.values()], pipeline), lexicon, how)
    check_achieved(counts, how)
    with text_output(request.output) as handle:
        for row in switched.select(["question", "response"]).to_pylist():
            record = example(request.format, request.instruction, **row)
            handle.write(json.dumps(record, ensure_ascii=False) + "\n")
    said: Any = counts.record() if request.json else switching_summary(lexicon, counts)
    say(said, aside=request.output is None)


def _spelled(path: Path) -> Any:
    """The lexicon, its English words spelled as those of tagged text are."""
    import pyarrow as pa

    from lingualift.lexicon.formats import read_lexicon
    from lingualift.text.cleaning import clean_word

    table = read_lexicon(path)
    words = [clean_word(word, "Latn", "en") for word in table["source"].to_pylist()]
    return table.set_column(0, "source", pa.array(words, pa.string()))


def pipeline_folder(tagger: Path | None) -> Path:
    """The folder of the spaCy pipeline that tags English."""
    if tagger is not None:
        if not tagger.is_dir():
            raise LinguaLiftError(f"--tagger: {tagger} is no folder")
        return tagger
    specification = importlib.util.find_spec(INSTALLED)
    if specification is None or specification.origin is None:
        raise LinguaLiftError(
            f"spaCy's pipeline {INSTALLED} is not installed: `{Path(sys.executable).name} -m spacy"
            f" download {INSTALLED}`, or name a folder that holds one (--tagger; after a run"
            " resources/sources/en-core-web-sm)"
        )
    return Path(specification.origin).parent


def example(form: str, instruction: str, question: str, response: str) -> dict[str, Any]:
    """One training example: `instruction`, `input` and `output`, or a chat's messages."""
    if form == "instruction":
        return {"instruction": instruction, "input": question, "output": response}
    asked = {"role": "user", "content": f"{instruction}\n{question}"}
    return {"messages": [asked, {"role": "assistant", "content": response}]}


def switching_summary(lexicon: "TranslationArrays", counts: Any) -> str:
    """What became of the text, in one line."""
    return (
        f"{lexicon.language}: {counts.sentences} texts, {counts.switched} of"
        f" {counts.substitutable} substitutable words replaced ({counts.substitutable_share:.1%} of"
        " all words can be)"
    )
