"""English task data: generated problems for the default run, and published data sets."""
