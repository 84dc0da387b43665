"""A small stage of training, and what came out of it."""

import json
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import torch
from safetensors.torch import load_file

from lingualift.artifacts import write_parquet
from lingualift.config import Alignment, LanguageModelling
from lingualift.model.encoder import Encoder
from lingualift.model.layout import Prompt
from lingualift.training.job import StageJob, StageTexts
from lingualift.training.launch import launch

QUESTIONS = [f"Maria has {number} apples and {number % 7} pears." for number in range(2, 28)]
SCHEMA = pa.schema(
    [pa.field(name, pa.string()) for name in ("id", "language", "question", "response")]
)


def write_stage(tmp_path: Path, llama: Path, causal_encoder: Path) -> StageJob:
    """A stage of language modelling over 26 questions, with its data in `tmp_path`."""
    rows = [
        {"id": str(n), "language": "en", "question": text, "response": f" {n}"}
        for n, text in enumerate(QUESTIONS)
    ]
    write_parquet(tmp_path / "questions.parquet", pa.Table.from_pylist(rows, schema=SCHEMA), SCHEMA)
    Encoder(causal_encoder, 2, torch.float32).store(tmp_path / "states", QUESTIONS)
    stage = LanguageModelling(
        objective="language-modelling",
        data="maths",
        train=["alignment", "boundary", "llm"],
        prompt="maths",
        epochs=2,
        batch=8,
        micro_tokens=170,  # some four examples
        learning_rate=5e-3,
        schedule="cosine",
        warmup=0.1,
    )
    data = StageTexts(
        tmp_path / "questions.parquet",
        tmp_path / "states",
        Prompt("{question}\nAnswer:", "Solve. "),
    )
    return StageJob(
        stage=stage,
        name="transfer",
        layout="encoder",
        seed=1,
        out=tmp_path / "out",
        llm=llama,
        encoder=causal_encoder,
        layer=2,
        alignment=Alignment(normalise=True),
        parent=None,
        data=[data],
        reference=data,
        names={"en": "English"},
        bf16=False,
        stamp={"rule": "train"},
    )


def trained(job: StageJob, processes: int = 1) -> tuple[dict[str, torch.Tensor], list[float]]:
    launch(job, processes)
    record = json.loads((job.out / "stage.json").read_text())
    assert not job.out.with_name(job.out.name + ".partial").exists()
    return load_file(job.out / "model.safetensors"), [entry["loss"] for entry in record["losses"]]


def same(found: dict[str, torch.Tensor], expected: dict[str, torch.Tensor]) -> None:
    """Equal but for the order of sums over processes."""
    assert found.keys() == expected.keys()
    for name, tensor in expected.items():
        torch.testing.assert_close(found[name], tensor, rtol=1e-3, atol=1e-4, msg=name)


def in_the_step(job: StageJob) -> StageJob:
    """The same stage without stored states."""
    data = [replace(texts, states=None) for texts in job.data]
    assert job.reference is not None
    reference = replace(job.reference, states=None)
    return job.model_copy(update={"data": data, "reference": reference})
