"""Every rule says what its jobs need, and more for a job that ran out of it."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_a_repeated_job_asks_for_more_memory_and_time() -> None:
    for path in sorted((ROOT / "rules").glob("*.smk")):
        for rule in re.split(r"^\s*rule ", path.read_text(), flags=re.MULTILINE)[1:]:
            if "script:" in rule:
                name = rule.partition(":")[0]
                assert re.search(r"resources:\n\s+\*\*(growing\(|SMALL)", rule), (
                    f"{name}: no request that grows"
                )


def test_a_gpu_is_asked_for_by_the_jobs_that_use_one() -> None:
    """A lexicon's search and retrieval are one thread's work: of it the adversaries alone do."""
    asking = {
        rule.partition(":")[0]
        for path in sorted((ROOT / "rules").glob("*.smk"))
        for rule in re.split(r"^\s*rule ", path.read_text(), flags=re.MULTILINE)[1:]
        if re.search(r"\*\*(ONE_GPU|gpu_request\()", rule)
    }
    assert "lexicon" not in asking
    assert asking >= {"adversary", "encode", "train", "predict"}
