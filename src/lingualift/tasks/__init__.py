"""English task data: generated word problems for the default run, loaders for the paper's data,
near-duplicate checks.
"""
