"""Whole stages through the launcher: one process or two, interrupted by a signal, too large for the
device.
"""

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import torch
from safetensors.torch import load_file
from transformers import TrainingArguments

from lingualift import machine
from lingualift.artifacts import seal_directory, write_parquet
from lingualift.config import Alignment, LanguageModelling
from lingualift.messages import LinguaLiftError
from lingualift.model.encoder import Encoder
from lingualift.model.layout import Prompt
from lingualift.model.modeling import LinguaLiftModel
from lingualift.model.trained import trained_state
from lingualift.training import fit
from lingualift.training.job import StageJob, StageTexts
from lingualift.training.launch import TOO_LARGE, launch
from lingualift.training.progress import STOPPED
from lingualift.training.trainer import last_complete_checkpoint
from tests.conftest import save_llama
from tests.unit.sharded_worker import Sharded

PART = "pytorch_model_fsdp_0"  # of a sharded model
QUESTIONS = [f"Maria has {number} apples and {number % 7} pears." for number in range(2, 28)]
SCHEMA = pa.schema(
    [pa.field(name, pa.string()) for name in ("id", "language", "question", "response")]
)


@pytest.fixture
def stage_job(llama: Path, causal_encoder: Path, tmp_path: Path) -> StageJob:
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
        micro_batch=4,
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


def test_two_processes_train_as_one(stage_job: StageJob, tmp_path: Path) -> None:
    alone, losses = trained(stage_job)
    together, both = trained(stage_job.model_copy(update={"out": tmp_path / "two"}), 2)
    assert both == pytest.approx(losses, rel=1e-4)
    same(together, alone)


def templated(job: StageJob, out: Path) -> StageJob:
    """The same stage with the released code's layout, whose encoder reads the whole prompt."""
    data = [replace(table, states=None) for table in job.data]
    changes = {"layout": "templated-encoder", "data": data, "reference": data[0], "out": out}
    return job.model_copy(update=changes)


def test_an_encoder_of_whole_prompts_gives_what_stored_states_of_the_same_text_give(
    stage_job: StageJob, causal_encoder: Path, tmp_path: Path
) -> None:
    prompt = stage_job.data[0].prompt
    assert prompt is not None
    whole = [prompt.text(question) for question in QUESTIONS]
    rows = [
        {"id": str(n), "language": "en", "question": text, "response": f" {n}"}
        for n, text in enumerate(whole)
    ]
    write_parquet(tmp_path / "whole.parquet", pa.Table.from_pylist(rows, schema=SCHEMA), SCHEMA)
    Encoder(causal_encoder, 2, torch.float32).store(tmp_path / "whole", whole)
    stored = StageTexts(tmp_path / "whole.parquet", tmp_path / "whole", Prompt("{question}", ""))
    live = templated(stage_job, tmp_path / "live")
    changes = {"data": [stored], "reference": stored, "out": tmp_path / "stored"}
    weights, losses = trained(live)
    expected, known = trained(live.model_copy(update=changes))
    assert losses == pytest.approx(known, rel=0.02)  # stored states are rounded to bfloat16
    assert weights.keys() == expected.keys()
    assert not any(name.startswith("encoder") for name in weights)
    for name in ("alignment.mean", "alignment.scale", "alignment.gain"):
        torch.testing.assert_close(weights[name], expected[name], rtol=0.02, atol=0.02)


@pytest.fixture
def sharded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Several processes shard the model (FSDP), as they do on GPUs."""
    monkeypatch.setattr(subprocess, "Popen", Sharded)


LAYERS = ["llm.model.layers.0", "llm.model.layers.1"]
LATER = {
    "train": ["llm"],
    "freeze_embeddings": True,
    "freeze_layers": 1,
    "gradient_checkpointing": True,
    "epochs": 1,
}
ADAPTERS = {"train": ["alignment", "llm-lora"], "gradient_checkpointing": True, "epochs": 1}


@pytest.mark.parametrize("change", [{}, LATER, ADAPTERS], ids=["all", "later", "adapters"])
def test_two_processes_that_shard_the_model_by_layers_train_and_save_as_one(
    stage_job: StageJob,
    tmp_path: Path,
    sharded: None,
    monkeypatch: pytest.MonkeyPatch,
    change: dict[str, Any],
) -> None:
    """All modules, with tables that are one; or later the LLM alone, embeddings and a layer frozen,
    over what an earlier stage made; or adapters.
    """
    units_file = tmp_path / "units.json"
    monkeypatch.setenv("UNITS", str(units_file))
    parent = None
    if change is LATER:
        parent = tmp_path / "parent"
        brief = stage_job.stage.model_copy(update={"epochs": 1})
        trained(stage_job.model_copy(update={"stage": brief, "out": parent}))
    stage = stage_job.stage.model_copy(update=change)
    job = stage_job.model_copy(update={"stage": stage, "parent": parent})
    outs = [tmp_path / "alone", tmp_path / "both"]
    alone, losses = trained(job.model_copy(update={"out": outs[0]}))
    together, both = trained(job.model_copy(update={"out": outs[1]}), 2)
    assert both == pytest.approx(losses, rel=1e-4)
    same(together, alone)
    sizes = [(out / "model.safetensors").stat().st_size for out in outs]
    assert sizes[0] == sizes[1]
    assert sum("llm.model.layers" in name for name in together) >= 18
    units = json.loads(units_file.read_text())
    assert units["FSDPModule"] == ["", *LAYERS]
    assert units["CheckpointWrapper"] == (LAYERS if "gradient_checkpointing" in change else [])


@pytest.mark.parametrize("input_of", ["stored states", "whole prompts"])
def test_a_sharded_stage_gives_each_module_its_own_rate(
    stage_job: StageJob, tmp_path: Path, sharded: None, input_of: str
) -> None:
    rates = {"alignment": 5e-3, "boundary": 5e-2, "llm": 1e-4}
    stage = stage_job.stage.model_copy(update={"learning_rate": rates, "epochs": 1})
    job = stage_job.model_copy(update={"stage": stage})
    if input_of == "whole prompts":
        job = templated(job, job.out)
    alone, losses = trained(job.model_copy(update={"out": tmp_path / "alone"}))
    together, both = trained(job.model_copy(update={"out": tmp_path / "both"}), 2)
    assert both == pytest.approx(losses, rel=1e-4)
    same(together, alone)


def test_a_trained_tensor_that_the_saved_state_lacks_is_an_error(llama: Path) -> None:
    model = LinguaLiftModel.build(str(llama))
    model.trainable(["llm"])
    state = model.state_dict()
    lost = state.pop("llm.model.layers.1.mlp.up_proj.weight")
    with pytest.raises(LinguaLiftError, match=r"1 of \d+ trained tensors .*up_proj"):
        trained_state(model, state)
    state["llm.model.layers.1.mlp.up_proj.weight"] = lost
    assert "llm.model.layers.1.mlp.up_proj.weight" in trained_state(model, state)


def test_sharded_training_in_bfloat16_has_the_losses_of_one_process(
    stage_job: StageJob, tmp_path: Path, sharded: None
) -> None:
    """Summed in float32 over ranks and labels. The learning rate is a usual one: at 50 times as
    much, the norms' weights, which shards hand on in bfloat16, differ by more.
    """
    stage = stage_job.stage.model_copy(update={"learning_rate": 1e-4})
    job = stage_job.model_copy(update={"bf16": True, "stage": stage})
    _, losses = trained(job)
    _, both = trained(job.model_copy(update={"out": tmp_path / "two"}), 2)
    assert both == pytest.approx(losses, rel=1e-4)


def test_a_sharded_stage_that_was_stopped_goes_on_to_the_weights_of_one_process(
    stage_job: StageJob, tmp_path: Path, sharded: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here with an output matrix of its own."""
    job = stage_job.model_copy(update={"llm": save_llama(tmp_path / "llm", tied=False)})
    expected, losses = trained(job.model_copy(update={"out": tmp_path / "whole"}))
    monkeypatch.setenv("STOP_AFTER", "3")
    with pytest.raises(SystemExit) as stopped:
        launch(job, 2)
    assert stopped.value.code == STOPPED
    kept = last_complete_checkpoint(tmp_path / "out.partial")
    assert kept is not None and not job.out.exists()
    parts = {path.relative_to(kept).as_posix() for path in kept.rglob("*.distcp")}
    assert {f"{part}/__{rank}_0.distcp" for part in ("optimizer_0", PART) for rank in (0, 1)} == (
        parts
    ), "each process writes its part, and nobody the whole"
    assert not list(kept.rglob("*.safetensors"))
    monkeypatch.delenv("STOP_AFTER")
    found, again = trained(job, 2)
    assert again == pytest.approx(losses, rel=1e-4)
    same(found, expected)


def test_a_stage_stopped_by_sigterm_saves_and_goes_on_to_the_same_weights(
    stage_job: StageJob, tmp_path: Path
) -> None:
    job = stage_job.model_copy(update={"stage": stage_job.stage.model_copy(update={"epochs": 10})})
    expected, _ = trained(job.model_copy(update={"out": tmp_path / "whole"}))
    (tmp_path / "job.json").write_text(job.model_dump_json())
    environment = {**os.environ, "RANK": "0", "OMP_NUM_THREADS": str(torch.get_num_threads())}
    environment.pop("WORLD_SIZE", None)
    process = subprocess.Popen(
        [sys.executable, "-m", "lingualift.training", str(tmp_path / "job.json")],
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    for line in process.stderr:
        if "training from step 0" in line:
            break
    process.send_signal(signal.SIGTERM)
    rest = process.stderr.read()
    assert process.wait() == STOPPED, rest
    assert "stopped by SIGTERM" in rest
    assert not job.out.exists()
    assert last_complete_checkpoint(tmp_path / "out.partial") is not None
    found, _ = trained(job)
    assert all(torch.equal(found[name], tensor) for name, tensor in expected.items())


def test_the_micro_batch_is_halved_until_it_fits_and_one_that_does_not_fit_is_refused(
    stage_job: StageJob, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected, _ = trained(
        stage_job.model_copy(
            update={"stage": stage_job.stage.model_copy(update={"micro_batch": 2})}
        )
    )
    original, sizes, room = LinguaLiftModel.forward, [], 2

    def limited(self: LinguaLiftModel, input_ids: torch.Tensor, **kwargs: Any) -> Any:
        sizes.append(len(input_ids))
        if len(input_ids) > room:
            raise torch.OutOfMemoryError("no room\non this device")
        return original(self, input_ids, **kwargs)

    monkeypatch.setattr(LinguaLiftModel, "forward", limited)
    found, _ = trained(stage_job.model_copy(update={"out": tmp_path / "halved"}))
    assert sizes[0] == 4
    assert max(sizes[1:]) == 2
    assert all(torch.equal(found[name], tensor) for name, tensor in expected.items())
    room = 0
    with pytest.raises(LinguaLiftError, match="micro-batch of one does not fit"):
        launch(stage_job.model_copy(update={"out": tmp_path / "never"}), 1)


def test_the_size_that_several_processes_could_not_hold_is_halved_until_it_fits(
    stage_job: StageJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A batch of 8 over two processes: 64 asked are 4 each."""
    tried: list[int | None] = []

    def run(job: StageJob, processes: int) -> int:
        tried.append(job.modelling.micro_batch)
        return TOO_LARGE if len(tried) < limit else 0

    monkeypatch.setattr("lingualift.training.launch._run_processes", run)
    limit = 3
    launch(stage_job.with_micro_batch(64), 2)
    assert tried == [64, 2, 1]
    tried.clear()
    limit = 9
    with pytest.raises(LinguaLiftError, match="micro-batch of one does not fit"):
        launch(stage_job.with_micro_batch(64), 2)
    assert tried == [64, 2, 1]


@pytest.mark.parametrize(
    ("batch", "micro_batch", "world", "expected"),
    [(16, 16, 1, (1, 16)), (16, 5, 1, (4, 4)), (16, 64, 4, (1, 4)), (10, 4, 2, (2, 3))],
)
def test_a_global_batch_is_divided_evenly_over_processes_and_micro_batches(
    batch: int, micro_batch: int, world: int, expected: tuple[int, int]
) -> None:
    accumulation, largest = fit.divide(batch, micro_batch, world)
    assert (accumulation, largest) == expected
    assert largest <= micro_batch and accumulation * world * largest >= batch


def test_a_stage_that_cannot_fit_the_processors_memory_is_refused_before_training(
    stage_job: StageJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "available_memory", lambda: 100_000)
    with pytest.raises(LinguaLiftError, match=r"one example of .* tokens needs about"):
        launch(stage_job, 1)


def test_a_process_that_sees_two_devices_trains_every_example_once(
    stage_job: StageJob, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected, losses = trained(stage_job.model_copy(update={"out": tmp_path / "one"}))
    original, examples = LinguaLiftModel.forward, []

    def counted(self: LinguaLiftModel, input_ids: torch.Tensor, **kwargs: Any) -> Any:
        examples.append(len(input_ids))
        return original(self, input_ids, **kwargs)

    monkeypatch.setattr(LinguaLiftModel, "forward", counted)
    monkeypatch.setattr(TrainingArguments, "n_gpu", property(lambda self: 2))
    found, again = trained(stage_job)
    assert sum(examples) == 2 * len(QUESTIONS)  # two epochs
    assert again == losses
    assert all(torch.equal(found[name], tensor) for name, tensor in expected.items())
    assert json.loads((stage_job.out / "stage.json").read_text())["examples"] == len(QUESTIONS)


def test_damaged_and_unfinished_checkpoints_are_left_aside(tmp_path: Path) -> None:
    for step, content in ((2, b"good"), (4, b"flipped"), (6, b"unfinished")):
        folder = tmp_path / f"checkpoint-{step}"
        folder.mkdir()
        (folder / "model.safetensors").write_bytes(content)
        if step != 6:
            seal_directory(folder)
    (tmp_path / "checkpoint-4/model.safetensors").write_bytes(b"flipPed")
    assert last_complete_checkpoint(tmp_path) == tmp_path / "checkpoint-2"
    assert last_complete_checkpoint(tmp_path / "nothing") is None


def test_gradient_checkpointing_changes_no_weight(stage_job: StageJob, tmp_path: Path) -> None:
    expected, _ = trained(stage_job)
    stage = stage_job.stage.model_copy(update={"gradient_checkpointing": True})
    found, _ = trained(stage_job.model_copy(update={"stage": stage, "out": tmp_path / "again"}))
    for name, tensor in expected.items():
        torch.testing.assert_close(found[name], tensor, rtol=1e-5, atol=1e-6, msg=name)


def test_a_parent_made_with_another_layer_is_refused(stage_job: StageJob, tmp_path: Path) -> None:
    launch(stage_job, 1)
    with pytest.raises(LinguaLiftError, match="keeps one encoder"):
        launch(
            stage_job.model_copy(
                update={"out": tmp_path / "next", "parent": stage_job.out, "layer": 1}
            ),
            1,
        )


def test_a_damaged_checkpoint_is_refused(stage_job: StageJob) -> None:
    launch(stage_job, 1)
    weights = stage_job.out / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-5] ^= 1
    weights.write_bytes(content)
    with pytest.raises(LinguaLiftError, match="damaged"):
        LinguaLiftModel.from_pretrained(stage_job.out)
