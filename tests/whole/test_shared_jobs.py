"""Languages that share a job: the same answers as one by one, and what is done again together."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests import tiny
from tests.planned import planned
from tests.workflow.test_reruns import TABLES, TRAINED, aligned, asked, taken

pytestmark = pytest.mark.workflow


def test_languages_that_share_a_job_get_the_same_answers_and_are_redone_together(
    copy: Path,
) -> None:
    """Two languages a job: the same bytes as with one; a third has a job of its own, until a fourth
    joins it.
    """
    shared = {"languages_per_job": 2}
    before = {
        path: path.read_bytes()
        for path in sorted(copy.glob("results/predictions/*/mmwp-mini/*.parquet"))
    }
    assert len(before) == 4
    sw = "results/predictions/mono-sft/mmwp-mini/sw.parquet"
    assert planned(copy, compute=shared, target=sw) == [
        "mono-sft answers mmwp-mini in en-sw",
        taken("mono-sft", "sw"),
    ]
    answers = [
        job
        for system in ("lingualift", "mono-sft")
        for job in (
            f"{system} answers mmwp-mini in en-sw",
            taken(system, "en"),
            taken(system, "sw"),
            f"score {system} on mmwp-mini",
        )
    ]
    encoded = [
        "encode problems/mmwp-mini/en-sw",
        "encode the words of de-sw",
        "encode codeswitch/de-sw",
    ]
    # The same words and code-switched text, but encoded anew, and everything that was made from
    # that.
    made = [
        job
        for language in ("de", "sw")
        for job in aligned(language)
        if job.startswith(("induce", "code-switch", "table"))
    ]
    assert planned(copy, compute=shared) == sorted({*encoded, *made, *TRAINED, *answers, *TABLES})
    hi = "results/predictions/mono-sft/mmwp-mini/hi.parquet"
    assert planned(copy, compute=shared, target=hi) == [
        "mono-sft answers mmwp-mini in hi",
        "read mmwp-mini in hi",
        taken("mono-sft", "hi"),
    ]
    done = tiny.snakemake(copy, compute=shared, target="all")
    assert done.returncode == 0, done.stderr[-3000:]
    for path, content in before.items():  # bytes differ in stamps, which name the batch's states
        assert pq.read_table(path).equals(pq.read_table(pa.BufferReader(content)))
    assert not list(copy.glob("results/**/*.partial")) + list(copy.glob("results/**/batches/*"))
    more = planned(copy, compute=shared, languages={"evaluation": ["en", "sw", "hi"]})
    assert more == sorted([*asked("hi", "mono-sft", "lingualift"), *TABLES])
    joined = planned(copy, compute=shared, languages={"evaluation": ["en", "hi", "sw"]})
    assert (
        "lingualift answers mmwp-mini in en-hi" in joined
        and "lingualift answers mmwp-mini in sw" in joined
    )
