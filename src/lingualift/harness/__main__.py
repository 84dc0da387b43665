"""lm-evaluation-harness with this project's model and tasks: its own command line, to which the
folder of tasks is added.

python -m lingualift.harness run --model lingualift --model_args pretrained=CHECKPOINT \
    --tasks lingualift_mmwp_mini_sw
"""

import sys

from lingualift.harness import TASKS
from lingualift.machine import wait_without_spinning
from lingualift.messages import LinguaLiftError


def main() -> int:
    """Run the harness on the arguments of this process."""
    wait_without_spinning()
    try:
        from lm_eval.__main__ import cli_evaluate

        import lingualift.harness.lm_eval_model  # noqa: F401  (registers the model)
    except ImportError as error:
        print(
            f"lm-evaluation-harness is not installed ({error}): pip install 'lingualift[harness]'",
            file=sys.stderr,
        )
        return 1
    if "--include_path" not in sys.argv and sys.argv[1:2] not in ([], ["--help"], ["-h"]):
        sys.argv += ["--include_path", str(TASKS)]
    try:
        cli_evaluate()
    except LinguaLiftError as error:
        print(f"lingualift.harness: error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
