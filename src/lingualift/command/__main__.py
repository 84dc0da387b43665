"""`python -m lingualift.command` is `lingualift`, where the package is not installed."""

import sys

from lingualift.command import main

sys.exit(main())
