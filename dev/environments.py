"""Conda environments for `--sdm conda`, made from the lock:  python dev/environments.py

The two files pin what `requirements.lock` pins, so that a run in conda environments gives what a
run in `.venv` gives. The GPU one differs in FAISS alone: PyPI's torch for Linux carries CUDA and
serves both.
"""

from collections.abc import Mapping
from pathlib import Path

from lingualift.artifacts import write_text
from lingualift.preflight import GPU_VARIANTS, read_lock

PYTHON = "3.11"
HEAD = """\
# {title}; Snakemake makes it with --sdm conda.
# Written by `python dev/environments.py` from requirements.lock: do not edit.
channels:
  - conda-forge
  - nodefaults
dependencies:
  - python ={python}
  - pip
  - setuptools >=77    # the project itself is installed into the environment: *.post-deploy.sh
  - cxx-compiler       # fasttext is compiled
  - pip:
"""


def environment(pins: Mapping[str, str], gpu: bool) -> str:
    """The environment file's text for these pins (package: version); with `gpu` FAISS's GPU package
    stands in for the CPU one.

    A local version (torch's `+cpu`) is cut off: registries hold the public one.
    """
    names = {
        GPU_VARIANTS.get(name, name) if gpu else name: version.partition("+")[0]
        for name, version in pins.items()
    }
    title = (
        "Environment of training, encoding and evaluation on GPUs"
        if gpu
        else "Environment of every rule on processors"
    )
    return HEAD.format(title=title, python=PYTHON) + "".join(
        f"      - {name}=={version}\n" for name, version in sorted(names.items())
    )


def main(root: Path = Path()) -> None:
    """Write `envs/cpu.yaml` and `envs/gpu.yaml` below `root` from its lock."""
    pins = read_lock(root / "requirements.lock")
    for name, gpu in (("cpu", False), ("gpu", True)):
        write_text(root / "envs" / f"{name}.yaml", environment(pins, gpu))


if __name__ == "__main__":
    main()
