"""What a system does, in words: python -m lingualift.plan --system NAME [--configfile FILE ...]"""

import argparse
import sys
from collections.abc import Sequence

from lingualift.messages import LinguaLiftError
from lingualift.plan.told import describe_system


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the description; a mistake is one line and exit code 1."""
    parser = argparse.ArgumentParser(prog="python -m lingualift.plan", description=__doc__)
    parser.add_argument("--system", required=True, help="a name of config/systems/*.yaml")
    parser.add_argument(
        "--configfile",
        nargs="+",
        help="overlays over config/config.yaml (default: the shipped configuration that lists it)",
    )
    asked = parser.parse_args(arguments)
    try:
        print(describe_system(asked.system, asked.configfile), end="")
    except LinguaLiftError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
