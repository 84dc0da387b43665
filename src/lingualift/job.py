"""The frame of one workflow job: logging into the rule's log, threads, and one clear line for a user's mistake."""

import logging
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lingualift.errors import LinguaLiftError


@contextmanager
def job(log: str, threads: int = 1) -> Iterator[logging.Logger]:
    """Run a job's body: its messages go to the file `log`; a `LinguaLiftError` ends it with one line and exit code 1."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("HF_HUB_OFFLINE", "1")  # nothing is downloaded inside a compute step
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    Path(log).parent.mkdir(parents=True, exist_ok=True)
    handle = open(log, "w", encoding="utf-8", buffering=1)
    logging.basicConfig(level=logging.INFO, stream=handle, format="%(asctime)s %(levelname)s %(message)s", force=True)
    logger = logging.getLogger("lingualift")
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(threads)
    started = time.monotonic()
    streams = sys.stdout, sys.stderr
    sys.stdout = sys.stderr = handle  # progress bars, warnings and prints of libraries
    try:
        yield logger
        logger.info("done in %.1f s", time.monotonic() - started)
    except LinguaLiftError as error:
        logger.error("%s", error)
        print(f"lingualift: error: {error}", file=streams[1], flush=True)
        sys.exit(1)
    except Exception:
        logger.exception("this is a fault of the program, not of your data; please report it")
        raise
    finally:
        sys.stdout, sys.stderr = streams
        handle.flush()
