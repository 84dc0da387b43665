"""The command `lingualift`: one module a sub-command, each a thin layer over the library.

click reads the arguments: Transformers and spaCy bring it along, it answers a shell's request for
completions, and it ends a usage mistake with exit code 2. What is heavy (torch, spaCy) is imported
where a sub-command runs, so that `--help` and completion are quick.
"""

import logging
import os
import sys
from collections.abc import Sequence

import click

from lingualift import __version__
from lingualift.command.ask import ask_command
from lingualift.command.codeswitch import codeswitch_command
from lingualift.command.export import export_group
from lingualift.command.lexicon import lexicon_command
from lingualift.command.new_language import new_language_command
from lingualift.command.pin import pin_command
from lingualift.command.plan import plan_command
from lingualift.command.provenance import provenance_command
from lingualift.job import refused_by_system
from lingualift.machine import wait_without_spinning
from lingualift.messages import LinguaLiftError

REFUSED, USAGE, INTERRUPTED = 1, 2, 130
COMPLETION = """\b
Completion for bash (zsh_source, fish_source for other shells):
  eval "$(_LINGUALIFT_COMPLETE=bash_source lingualift)"
\b
Exit codes: 0 done, 1 refused with one line that says why, 2 a mistake of usage."""


@click.group(epilog=COMPLETION, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="lingualift")
def commands() -> None:
    """Lexicons, code-switched text, checkpoints and tables of LinguaLIFT, without the workflow."""


for _command in (
    ask_command,
    codeswitch_command,
    export_group,
    lexicon_command,
    new_language_command,
    pin_command,
    plan_command,
    provenance_command,
):
    commands.add_command(_command)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a sub-command; the exit code. A mistake is one line on standard error."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    # `ask` fetches the models of a checkpoint that was exported with references; nothing else
    # touches the network
    if words[:1] not in (["pin"], ["ask"]) and "--push-to-hub" not in words:
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    wait_without_spinning()
    logging.basicConfig(level=logging.WARNING, format="lingualift: %(message)s", force=True)
    try:
        answer = commands.main(arguments, prog_name="lingualift", standalone_mode=False)
        return answer if isinstance(answer, int) else 0
    except click.exceptions.Exit as ended:
        return ended.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        return INTERRUPTED
    except LinguaLiftError as error:
        return _refuse(str(error))
    except BrokenPipeError:  # the reader, such as `head`, has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return REFUSED
    except OSError as error:
        if (line := refused_by_system(error)) is None:
            raise
        return _refuse(line)


def _refuse(line: str) -> int:
    print(f"lingualift: error: {line}", file=sys.stderr, flush=True)
    return REFUSED
