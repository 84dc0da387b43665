#!/bin/sh
# Snakemake runs this once in a new environment, from the repository: the project itself goes in, its dependencies are pinned already.
python -m pip install --quiet --no-deps --no-build-isolation --editable .
