"""Pins are asked of a hub (one on the loopback address that speaks its interface) and written into
a configuration, whose other lines stay; what the hub refuses is one line with the command that
helps.
"""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import huggingface_hub.constants
import pytest
import yaml

from lingualift import pins, preflight
from lingualift.messages import LinguaLiftError
from lingualift.pins import Pin, pin, with_pins
from lingualift.retrieve.fetch import retrieve
from lingualift.retrieve.hub import HubRefusal, Repository
from lingualift.retrieve.sources import Source
from tests.conftest import ROOT, hub_source
from tests.loopback_hub import Held, serve

OLD, NEW, PULL = "a" * 40, "b" * 40, "c" * 40
SAFE = {"config.json": 1_000, "model.safetensors": 3_420_000_000, "pytorch_model.bin": 3 * 10**9}
PICKLED = {"config.json": 1_000, "pytorch_model.bin": 3 * 10**9}
E5 = {**SAFE, "onnx/model.onnx_data": 2 * 10**9}
OVERLAY = """# A comment that stays.
languages:
  alignment: [de, sw]   # so does this
pins: {}   # and this
llm:
  source: smollm2-1.7b
encoder:
  source: multilingual-e5-large
  layer: 16
lexicon:
  encoder_layers: [8, 16, 24]
"""
LLM, ENCODER = "models/HuggingFaceTB/SmolLM2-1.7B", "models/intfloat/multilingual-e5-large"


@pytest.fixture
def online(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    monkeypatch.delenv("HF_TOKEN", raising=False)


@pytest.fixture
def held(online: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Held]]:
    """The repositories of a hub that is asked."""
    repositories = {
        LLM: Held(NEW, {NEW: SAFE, OLD: SAFE}),
        ENCODER: Held(NEW, {NEW: E5}, licence="mit"),
    }
    with serve(repositories) as (address, _):
        monkeypatch.setenv("HF_ENDPOINT", address)
        yield repositories


@pytest.fixture
def overlay(tmp_path: Path) -> Path:
    path = tmp_path / "mine.yaml"
    path.write_text(OVERLAY)
    return path


def source(**changes: object) -> Source:
    held = {"key": "big", "repository": "HuggingFaceTB/SmolLM2-1.7B", "revision": NEW}
    return hub_source(**{**held, **changes})


def test_every_source_without_a_commit_is_pinned_with_what_the_hub_says_of_it(
    held: dict[str, Held], overlay: Path
) -> None:
    answer = pin([overlay])
    assert not answer.refused and not answer.notes
    text = overlay.read_text()
    assert text == OVERLAY.replace(
        "pins: {}   # and this\n",
        "pins:   # and this\n"
        f"  smollm2-1.7b: {NEW}   # 2025-02-03, apache-2.0, open, safetensors, 3.42 GB\n"
        f"  multilingual-e5-large: {NEW}   # 2025-02-03, mit, open, safetensors, 3.42 GB\n",
    )
    assert yaml.safe_load(text)["pins"] == {"smollm2-1.7b": NEW, "multilingual-e5-large": NEW}
    assert pins.hub_sources(pins.configuration([overlay]))["smollm2-1.7b"].revision == NEW


def test_a_pin_that_is_there_stays_and_one_that_is_named_is_renewed(
    held: dict[str, Held], overlay: Path
) -> None:
    overlay.write_text(OVERLAY.replace("{}", f"{{smollm2-1.7b: {OLD}}}"))
    assert [new.key for new in pin([overlay]).pins] == ["multilingual-e5-large"]
    assert yaml.safe_load(overlay.read_text())["pins"]["smollm2-1.7b"] == OLD
    assert pin([overlay]).pins == []
    assert [new.key for new in pin([overlay], {"smollm2-1.7b": "main"}).pins] == ["smollm2-1.7b"]
    assert yaml.safe_load(overlay.read_text())["pins"]["smollm2-1.7b"] == NEW
    with pytest.raises(LinguaLiftError, match=r"uses no hub source 'smolm2-1.7b'; did you mean"):
        pin([overlay], {"smolm2-1.7b": "main"})


def test_a_pin_that_the_hub_no_longer_has_is_one_line_and_the_others_are_written(
    held: dict[str, Held], overlay: Path
) -> None:
    overlay.write_text(OVERLAY.replace("{}", f"{{smollm2-1.7b: {'d' * 40}}}"))
    answer = pin([overlay])
    assert [new.key for new in answer.pins] == ["multilingual-e5-large"]
    assert len(answer.refused) == 1 and "\n" not in answer.refused[0]
    assert f"has no commit or branch {'d' * 40}" in answer.refused[0]
    assert "`lingualift pin CONFIG smollm2-1.7b=main`" in answer.refused[0]


def test_a_gated_source_is_pinned_and_says_what_its_user_has_to_do(
    held: dict[str, Held], overlay: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held[LLM] = replace(held[LLM], gated=True)
    answer = pin([overlay])
    assert len(answer.pins) == 2 and len(answer.notes) == 1
    assert "is gated: accept its terms on the hub, then `export HF_TOKEN=`" in answer.notes[0]
    assert ", gated, safetensors," in overlay.read_text()
    monkeypatch.setenv("HF_TOKEN", "hf_let_me_in")
    assert pin([overlay]).notes == []


def test_a_source_without_safetensors_is_not_pinned_but_a_pull_request_that_has_them_is_named(
    held: dict[str, Held], overlay: Path
) -> None:
    held[LLM] = Held(NEW, {NEW: PICKLED, OLD: PICKLED, PULL: SAFE})
    answer = pin([overlay])
    assert "holds no safetensors weights" in answer.refused[0]
    assert "convert a copy that you trust (docs/data.md) into mirror/hub/Hug" in answer.refused[0]
    held[LLM].pull_requests |= {"refs/pr/9": PULL, "refs/pr/12": OLD}
    assert (
        f"refs/pr/9 has them: `lingualift pin CONFIG smollm2-1.7b={PULL}`"
        in (pin([overlay]).refused[0])
    )
    assert [new.there.commit for new in pin([overlay], {"smollm2-1.7b": PULL}).pins] == [PULL]


def test_weights_converted_in_the_mirror_need_none_on_the_hub(
    held: dict[str, Held], overlay: Path, tmp_path: Path
) -> None:
    held[LLM] = Held(NEW, {NEW: PICKLED})
    folder = tmp_path / "mirror/hub/HuggingFaceTB/SmolLM2-1.7B"
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_text("")
    overlay.write_text(f"mirror: {tmp_path / 'mirror'}\n{OVERLAY}")
    assert not pin([overlay]).refused
    assert "apache-2.0, open, no safetensors, 0.00 GB" in overlay.read_text()


def test_a_repository_that_is_not_there_is_one_line(held: dict[str, Held], overlay: Path) -> None:
    del held[LLM]
    assert "is not on the hub for you" in pin([overlay]).refused[0]


def test_without_a_hub_nothing_is_written(
    online: None, overlay: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(LinguaLiftError, match=r"the hub does not answer .*nothing was written"):
        pin([overlay])
    assert overlay.read_text() == OVERLAY


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "pins:\n{}\n"),
        ("a: 1\n", "a: 1\n\npins:\n{}\n"),
        ("pins:\n  # one\n  x: 1\n\na: 1\n", "pins:\n  # one\n  x: 1\n{}\n\na: 1\n"),
        ("pins: {x: 1}\na: 1\n", "pins:\n  x: 1\n{}\na: 1\n"),
        ("pins:\n    'big': 0   # old\n    x: 1\n", "pins:\n  {}\n    x: 1\n"),
        ("pins: {}\n# about a\na: 1\n", "pins:\n{}\n# about a\na: 1\n"),
    ],
)
def test_pins_are_written_where_they_belong_and_no_other_line_changes(
    before: str, after: str
) -> None:
    new = Pin("big", Repository(NEW, "2025-02-03", "mit", False, True, 2_000_000_000), True)
    line = f"  big: {NEW}   # 2025-02-03, mit, open, safetensors, 2.00 GB"
    assert with_pins(before, [new], "f") == after.format(line)


def test_a_commit_of_digits_alone_stays_text() -> None:
    digits = "1234567890" * 4
    new = Pin("big", Repository(digits, "2025-02-03", "mit", False, True, 0), True)
    assert yaml.safe_load(with_pins("pins: {}\n", [new], "f")) == {"pins": {"big": digits}}
    kept = with_pins(f"pins: {{x: '{digits}'}}\n", [new], "f")
    assert yaml.safe_load(kept) == {"pins": {"x": digits, "big": digits}}


def test_a_form_of_pins_that_would_not_stay_is_refused() -> None:
    new = Pin("big", Repository(NEW, "2025-02-03", "mit", False, True, 0), True)
    with pytest.raises(LinguaLiftError, match=rf"write there yourself: big: {NEW}"):
        with_pins("pins: {x: 1,\n  y: 2}\n", [new], "f")


@pytest.mark.parametrize(
    ("state", "message"),
    [
        (Held(NEW, {NEW: SAFE}, gated=True), r"is gated: accept its terms .*export HF_TOKEN"),
        (Held(NEW, {NEW: PICKLED}), r"holds no safetensors weights, and pickled"),
        (Held(OLD, {OLD: SAFE}), r"has no commit or branch b+ on the hub .*pin CONFIG big=main"),
    ],
    ids=["gated", "pickled", "gone"],
)
def test_what_the_hub_refuses_ends_a_run_before_any_work_although_another_source_is_fine(
    state: Held, message: str, held: dict[str, Held], tmp_path: Path
) -> None:
    fine = source(key="fine", repository="intfloat/multilingual-e5-large")
    stores = (tmp_path / "r", tmp_path / "d")
    assert preflight.check_sources([fine, source()], *stores) == [fine, source()]
    held[LLM] = state
    with pytest.raises(HubRefusal, match=message) as caught:
        preflight.check_sources([fine, source()], *stores)
    assert "\n" not in str(caught.value)


def test_a_source_that_went_since_is_one_line_at_its_retrieval_and_not_asked_for_again(
    online: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serve({LLM: Held(OLD, {OLD: SAFE})}) as (address, asked):
        monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", address)
        monkeypatch.setattr(huggingface_hub.hf_api.api, "endpoint", address)
        with pytest.raises(HubRefusal, match=r"has no commit or branch b+ on the hub"):
            retrieve(source(), tmp_path / "r/big", tmp_path / "d", wait=0)
        assert len(asked) == 1


def test_the_command_pins(
    held: dict[str, Held], overlay: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    command = [sys.executable, "-m", "lingualift.command", "pin"]
    done = subprocess.run([*command, str(overlay)], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert f"{overlay}: 2 sources pinned, 6.8 GB in all" in done.stdout
    wrong = subprocess.run([*command, "key=main"], capture_output=True, text=True, cwd=ROOT)
    assert wrong.returncode == 1 and "usage: lingualift pin CONFIG" in wrong.stderr
    assert "Traceback" not in wrong.stderr
