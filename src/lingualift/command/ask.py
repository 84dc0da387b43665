"""`lingualift ask`: a checkpoint answers questions."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lingualift.command.streams import text_lines
from lingualift.messages import LinguaLiftError

if TYPE_CHECKING:
    from lingualift.evaluation.ask import Answer, AskedCheckpoint

EXAMPLE = """\b
Example:
  lingualift ask results/checkpoints/transfer-e60baecf37 "Maria ana tufaha 3, anapata 4. Ana ngapi?"
\b
Questions on standard input are answered one by one as they come. A whole benchmark is faster in
the workflow, which answers many at once."""


@click.command("ask", epilog=EXAMPLE, short_help="Answer questions with a checkpoint.")
@click.argument("checkpoint", type=Path)
@click.argument("question", required=False)
@click.option("--file", type=Path, help="Questions, one a line. Default: standard input.")
@click.option("--language", help="The question's language in English, where it is asked for.")
@click.option("--prompt", help="Template with {question}. Default: that of the last stage.")
@click.option("--instruction", help="What stays of the prompt where the encoder reads it.")
@click.option("--tokens", is_flag=True, help="Show what the encoder reads, token by token.")
@click.option("--max-new-tokens", type=click.IntRange(min=1), default=128, show_default=True)
@click.option("--llm", type=Path, help="Where the LLM's folder is, if it was moved.")
@click.option("--encoder", type=Path, help="Where the encoder's folder is, if it was moved.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object an answer.")
def ask_command(checkpoint: Path, question: str | None, file: Path | None, **options: Any) -> None:
    """Answer questions in any language that the CHECKPOINT's encoder reads.

    CHECKPOINT is a folder of results/checkpoints. The model is loaded once.
    """
    if question is not None and file is not None:
        raise click.UsageError("give a question or --file, not both")
    from lingualift.evaluation.ask import Question

    asked = load_checkpoint(checkpoint, options)
    for place, text in _questions(question, file):
        try:
            one = Question(text, options["language"])
            (answer,) = asked.answers([one], options["max_new_tokens"])
            wanted = options["tokens"] or options["as_json"]
            tokens = asked.processor.encoder_tokens(*one) if wanted else []
        except LinguaLiftError as error:
            raise LinguaLiftError(f"{place}{error}") from None
        click.echo(answer_text(text, answer, tokens, options["tokens"], options["as_json"]))


def load_checkpoint(folder: Path, options: dict[str, Any]) -> "AskedCheckpoint":
    """The checkpoint with the prompt that the options ask for."""
    from lingualift.evaluation.ask import AskedCheckpoint
    from lingualift.model.layout import Prompt

    prompt = None
    if options["prompt"] is not None:
        prompt = Prompt.of(options["prompt"], options["instruction"])
    elif options["instruction"] is not None:
        raise click.UsageError("--instruction belongs to --prompt")
    return AskedCheckpoint(folder, prompt=prompt, llm=options["llm"], encoder=options["encoder"])


def _questions(question: str | None, file: Path | None) -> Iterator[tuple[str, str]]:
    """Each question with its place in messages ('' for one that was given by itself)."""
    if question is not None:
        yield "", question
        return
    name = "standard input" if file is None else str(file)
    for number, line in text_lines(file):
        yield f"{name}, line {number}: ", line


def answer_text(
    question: str, answer: "Answer", tokens: Sequence[str], show_tokens: bool, as_json: bool
) -> str:
    """An answer as text, or with everything that is known of it as JSON. `tokens`: what the encoder
    reads of the question.
    """
    if as_json:
        record = {
            "question": question,
            "answer": answer.text.strip(),
            "stop_reason": answer.stop_reason,
            "encoder_tokens": list(tokens),
        }
        return json.dumps(record, ensure_ascii=False)
    head = [" ".join(["encoder reads:", *tokens])] if show_tokens else []
    tail = [] if answer.stop_reason == "end" else ["(cut: --max-new-tokens)"]
    return "\n".join([*head, answer.text.strip(), *tail])
