"""One of several training processes: `python -m lingualift.training JOB.json`, started by
`lingualift.training.launch`.
"""

import sys
from pathlib import Path

from lingualift.training.launch import worker

if __name__ == "__main__":
    sys.exit(worker(Path(sys.argv[1])))
