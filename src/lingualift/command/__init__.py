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
from lingualift.command.ask import ask
from lingualift.command.codeswitch import codeswitch
from lingualift.command.export import export
from lingualift.command.lexicon import lexicon
from lingualift.command.new_language import new_language
from lingualift.command.plan import plan
from lingualift.command.provenance import provenance
from lingualift.job import refused_by_system
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


for _command in (ask, codeswitch, export, lexicon, new_language, plan, provenance):
    commands.add_command(_command)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a sub-command; the exit code. A mistake is one line on standard error."""
    for name in ("HF_HUB_OFFLINE", "HF_HUB_DISABLE_PROGRESS_BARS"):
        os.environ.setdefault(name, "1")  # nothing here touches the network
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
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
