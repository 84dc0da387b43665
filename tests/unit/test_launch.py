"""Whole stages through the launcher: one process or two, interrupted, too large for the device.

Those whose processes start as a user's do are in tests/whole/test_processes.py.
"""

import json
import logging
import os
import re
import subprocess
from dataclasses import replace
from itertools import pairwise, takewhile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from transformers import AutoConfig, TrainingArguments

from lingualift import machine
from lingualift.artifacts import seal_directory, write_json, write_parquet
from lingualift.messages import LinguaLiftError
from lingualift.model.encoder import Encoder
from lingualift.model.layout import LAYOUTS, Prompt, compose, compose_all, load_tokenizer
from lingualift.model.modeling import LinguaLiftModel
from lingualift.model.states import States
from lingualift.model.trained import trained_state
from lingualift.sizes import PROCESSOR_ACTIVATIONS, ModelSize
from lingualift.training import fit, progress
from lingualift.training.job import StageJob, StageTexts
from lingualift.training.launch import TOO_LARGE, _sum_in_one_order, launch
from lingualift.training.progress import STOPPED
from lingualift.training.run import read_data
from lingualift.training.trainer import PlannedTrainer, last_complete_checkpoint
from tests.conftest import save_llama
from tests.stage import QUESTIONS, SCHEMA, in_the_step, same, trained
from tests.unit.sharded_worker import Sharded
from tests.unit.test_systems import planned

PART = "pytorch_model_fsdp_0"  # of a sharded model
LLAMA_7B, LLAMA_13B = ModelSize(6_738_000_000, 4096), ModelSize(13_016_000_000, 5120)


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


@pytest.mark.parametrize("name", ["align", "transfer"])
def test_sharded_training_in_bfloat16_has_the_losses_of_one_process(
    stage_job: StageJob, tmp_path: Path, sharded: None, name: str
) -> None:
    """Summed in float32 over ranks and labels, at the paper's rates: 6e-4 for the alignment layer,
    2e-5 for the LLM.

    At 5e-3 the norms' weights, which shards hand on in bfloat16, differ by more.
    """
    paper = planned("paper.yaml").config.stages[name]
    change = {"learning_rate": paper.learning_rate, "train": paper.train}
    job = stage_job.with_settings(**change).model_copy(update={"bf16": True})
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


@pytest.mark.parametrize("change", ["text", "precision"])
def test_an_interrupted_stage_whose_data_or_settings_changed_begins_anew(
    stage_job: StageJob,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    change: str,
) -> None:
    """Weights that have learnt from other data are no beginning."""
    stamp = {"rule": "train", "inputs": {"questions.parquet": "one"}}
    job = stage_job.model_copy(update={"stamp": stamp})
    monkeypatch.setattr(progress, "SAVE_SECONDS", 0.0)
    original = progress.Progress.on_step_end

    def dies(self: Any, args: Any, state: Any, control: Any, **options: Any) -> None:
        if state.global_step == 5:
            raise KeyboardInterrupt
        original(self, args, state, control, **options)

    monkeypatch.setattr(progress.Progress, "on_step_end", dies)
    with pytest.raises(KeyboardInterrupt):
        launch(job, 1)
    monkeypatch.setattr(progress.Progress, "on_step_end", original)
    assert last_complete_checkpoint(job.work) is not None
    update: dict[str, Any]
    if change == "text":
        table = pq.read_table(tmp_path / "questions.parquet").to_pylist()
        for row in table:
            row["response"] += "9"
        changed = pa.Table.from_pylist(table, schema=SCHEMA)
        write_parquet(tmp_path / "questions.parquet", changed, SCHEMA)
        update = {"stamp": stamp | {"inputs": {"questions.parquet": "two"}}}
    else:
        update = {"bf16": True}
    now = job.model_copy(update=update)
    with caplog.at_level(logging.WARNING):
        found, _ = trained(now)
    assert "other data or settings" in caplog.text
    expected, _ = trained(now.model_copy(update={"out": tmp_path / "whole"}))
    assert all(torch.equal(found[name], tensor) for name, tensor in expected.items())


def test_a_gpu_is_asked_for_kernels_that_sum_in_one_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("CUBLAS_WORKSPACE_CONFIG", raising=False)
    monkeypatch.setattr(machine, "device", lambda: "cuda")
    try:
        _sum_in_one_order()
        assert torch.are_deterministic_algorithms_enabled()
        assert torch.is_deterministic_algorithms_warn_only_enabled()
        assert os.environ["CUBLAS_WORKSPACE_CONFIG"] == ":4096:8"
    finally:
        torch.use_deterministic_algorithms(False)


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """The largest micro-batch is tried first, as on a GPU."""
    made = PlannedTrainer.__init__

    def trying(self: PlannedTrainer, **options: Any) -> None:
        made(self, **options | {"tries": True})

    monkeypatch.setattr(PlannedTrainer, "__init__", trying)


def test_what_does_not_fit_is_known_before_the_first_step_and_half_of_its_tokens_is_tried(
    stage_job: StageJob, tmp_path: Path, gpu: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = stage_job.stage.model_copy(update={"gradient_checkpointing": False})
    job = stage_job.model_copy(update={"stage": stage, "out": tmp_path / "halved"})
    original, sizes, room = LinguaLiftModel.forward, [], 200

    def limited(self: LinguaLiftModel, input_ids: torch.Tensor, **kwargs: Any) -> Any:
        sizes.append(input_ids.numel())
        if input_ids.numel() > room:
            raise torch.OutOfMemoryError("no room\non this device")
        return original(self, input_ids, **kwargs)

    monkeypatch.setattr(LinguaLiftModel, "forward", limited)
    asked = job.with_settings(micro_tokens=700)
    found, _ = trained(asked)
    tried = list(takewhile(lambda size: size > room, sizes))
    assert tried and all(second <= first / 2 for first, second in pairwise(tried))
    assert max(sizes[len(tried) :]) <= room
    monkeypatch.setattr(LinguaLiftModel, "forward", original)
    half = job.with_settings(micro_tokens=tried[-1] // 2)
    expected, _ = trained(half.model_copy(update={"out": tmp_path / "expected"}))
    assert all(torch.equal(found[name], tensor) for name, tensor in expected.items())
    monkeypatch.setattr(LinguaLiftModel, "forward", limited)
    room = 0
    with pytest.raises(LinguaLiftError, match=r"an example of \d+ tokens alone does not fit"):
        launch(job.model_copy(update={"out": tmp_path / "never"}), 1)


def test_activations_are_computed_again_before_a_gpu_would_hold_few_tokens(
    stage_job: StageJob,
) -> None:
    large, few = fit.OutOfMemory(10_000, False), fit.OutOfMemory(3_000, False)
    settings = [fit.smaller(stage_job, error).modelling for error in (large, few)]
    assert [stage.gradient_checkpointing for stage in settings] == ["auto", True]
    assert settings[0].micro_tokens == 5_000
    again = fit.smaller(stage_job.with_settings(gradient_checkpointing=True), few).modelling
    assert again.micro_tokens == 1_500


def test_several_processes_say_what_did_not_fit_and_half_of_it_is_tried(
    stage_job: StageJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a process measured is halved, not what was asked for."""
    tried: list[int | None] = []
    left = {"tokens": 400, "alone": False}

    def run(job: StageJob, processes: int) -> int:
        tried.append(job.modelling.micro_tokens)
        if len(tried) == limit:
            return 0
        write_json(job.out.with_name("out.too-large.json"), left)
        left["tokens"] //= 2
        return TOO_LARGE

    monkeypatch.setattr("lingualift.training.launch._run_processes", run)
    limit = 3
    job = stage_job.with_settings(micro_tokens=9_000, gradient_checkpointing=True)
    launch(job, 2)
    assert tried == [9_000, 200, 100]
    left |= {"tokens": 60, "alone": True}
    tried.clear()
    with pytest.raises(LinguaLiftError, match="an example of 60 tokens alone does not fit"):
        launch(job, 2)
    assert tried == [9_000]


def test_a_restart_and_other_processes_read_no_text_again(
    stage_job: StageJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = read_data(stage_job)
    monkeypatch.setattr(
        "lingualift.training.data.stage_examples", lambda *a: pytest.fail("reads again")
    )
    again = read_data(stage_job.with_settings(micro_tokens=50))
    assert isinstance(again.examples.ids, np.memmap)
    assert len(again.examples) == len(QUESTIONS)
    for one, read in zip(first.examples, again.examples, strict=True):
        assert np.array_equal(one.ids, read.ids) and np.array_equal(one.labels, read.labels)
    assert isinstance(again.states, States) and isinstance(again.states.blocks[0], np.memmap)
    with pytest.raises(pytest.fail.Exception, match="reads again"):
        read_data(stage_job.model_copy(update={"seed": 2}))  # other examples may be drawn


def test_texts_tokenised_together_are_composed_as_one_by_one(llama: Path) -> None:
    tokenizer, prompt = load_tokenizer(llama), Prompt("{question}\nAnswer:", "Solve. ")
    responses = [f" {number}" for number in range(len(QUESTIONS))]
    for name, layout in LAYOUTS.items():
        states = [0 if name == "text" else 3 + row % 4 for row in range(len(QUESTIONS))]
        together = compose_all(
            layout, tokenizer, [prompt] * len(QUESTIONS), QUESTIONS, states, responses
        )
        for row, found in enumerate(together):
            alone = compose(layout, tokenizer, prompt, QUESTIONS[row], states[row], responses[row])
            for field in ("ids", "segments", "labels"):
                assert np.array_equal(getattr(found, field), getattr(alone, field))


def test_states_made_in_the_step_give_the_losses_and_weights_of_stored_ones(
    stage_job: StageJob, tmp_path: Path
) -> None:
    expected, losses = trained(stage_job.model_copy(update={"out": tmp_path / "stored"}))
    found, again = trained(in_the_step(stage_job))
    assert again == pytest.approx(losses, rel=1e-4)
    same(found, expected)
    noted = [
        json.loads((tmp_path / name / "config.json").read_text()) for name in ("stored", "out")
    ]
    assert noted[0] == noted[1]


def test_an_encoder_that_learns_makes_its_states_itself(
    stage_job: StageJob, tmp_path: Path
) -> None:
    """Not the frozen one beside the model, which would leave it without gradients."""

    def at_rate(rate: float) -> dict[str, torch.Tensor]:
        train = ["alignment", "boundary", "encoder"]
        job = in_the_step(stage_job).with_settings(train=train, learning_rate=rate, epochs=1)
        return trained(job.model_copy(update={"out": tmp_path / str(rate)}))[0]

    slow, fast = at_rate(1e-3), at_rate(5e-3)
    names = [name for name in slow if name.startswith("encoder.")]
    assert names and not all(torch.equal(slow[name], fast[name]) for name in names)


def test_a_package_that_a_setting_needs_and_is_not_installed_is_named_before_work(
    stage_job: StageJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(LinguaLiftError, match="optim: adamw-8bit needs the Python package torchao"):
        launch(stage_job.with_settings(optim="adamw-8bit"), 1)
    job = stage_job.with_settings(train=["llm-lora"], four_bit=True)
    with pytest.raises(LinguaLiftError, match="four_bit: true needs the Python package bitsandb"):
        launch(job, 1)


@pytest.fixture
def a100(monkeypatch: pytest.MonkeyPatch) -> None:
    """A GPU of 80 GB by its arithmetic, and LLaMA-2's sizes."""
    monkeypatch.setattr(machine, "device", lambda: "cuda")
    monkeypatch.setattr(machine, "gpu_memory", lambda: 80 * 10**9)
    monkeypatch.setattr(fit, "llm_size", lambda job: LLAMA_7B)


def test_what_can_never_fit_is_refused_by_its_bytes_with_three_settings_that_make_it_fit(
    stage_job: StageJob, a100: None
) -> None:
    with pytest.raises(LinguaLiftError) as caught:
        fit.with_room(stage_job, 1900, 1)
    message = str(caught.value)
    assert re.search(r"an example of 1900 tokens needs about 1\d\d GB .* has 80 GB; set", message)
    assert message.count("GB)") == 3 and "\n" not in message
    # moments of 8 bits alone do not do on one such card: 12 bytes for each of 6.7 B parameters
    for setting in ("compute.gpus: 2 (", "llm-lora] instead of llm (", "four_bit: true ("):
        assert setting in message


def test_on_eight_gpus_7b_and_13b_fit_and_keep_their_activations(
    stage_job: StageJob, a100: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = stage_job.with_settings(micro_tokens=None)
    seven = fit.with_room(job, 1900, 8).modelling
    assert seven.micro_tokens is not None
    assert seven.gradient_checkpointing == "auto" and 4096 < seven.micro_tokens < 8192
    monkeypatch.setattr(fit, "llm_size", lambda job: LLAMA_13B)
    assert (fit.with_room(job, 1900, 8).modelling.micro_tokens or 0) > 2048


def test_a_processors_weights_do_not_depend_on_what_other_programs_hold(
    stage_job: StageJob, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the free memory cannot hold is refused, with a micro-batch that fits."""
    original, learning, text = (
        fit.refuse_large_micro_batch,
        [],
        AutoConfig.from_pretrained(stage_job.llm),
    )

    def noted(job: StageJob, model: LinguaLiftModel, *tokens: int) -> None:
        learning.append(sum(p.numel() for p in model.parameters() if p.requires_grad))
        original(job, model, *tokens)

    monkeypatch.setattr(fit, "refuse_large_micro_batch", noted)

    def weights(name: str, free: int, **settings: Any) -> bytes:
        monkeypatch.setattr(machine, "available_memory", lambda: free)
        job = stage_job.model_copy(update={"out": tmp_path / name}).with_settings(**settings)
        launch(job, 1)
        return (tmp_path / name / "model.safetensors").read_bytes()

    expected = weights("ample", 10**12)
    with pytest.raises(LinguaLiftError) as error:
        weights("none", 100_000)
    assert "train llm-lora instead of llm" in str(error.value) and "\n" not in str(error.value)
    needed = re.search(r"training (\d+) tokens at once needs about", str(error.value))
    assert needed is not None and 100 < int(needed[1]) <= 170
    a_token = 2 * PROCESSOR_ACTIVATIONS * text.num_hidden_layers * text.hidden_size
    least = fit.OPTIMISER_BYTES * learning[0] + int(needed[1]) * a_token
    assert weights("exact", least) == expected
    with pytest.raises(LinguaLiftError) as error:
        weights("less", least - 1)
    fitting = int(needed[1]) - 1
    assert f"or set stages.transfer.micro_tokens to {fitting} (weights" in str(error.value)
    assert len(weights("smaller", least - 1, micro_tokens=fitting)) == len(expected)


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


def test_a_processor_trains_with_one_thread_whatever_its_job_asks_for(stage_job: StageJob) -> None:
    """A configuration with GPUs asks for four, and would round otherwise than one without."""
    before = torch.get_num_threads()
    torch.set_num_threads(4)
    try:
        launch(stage_job, 1)
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)
