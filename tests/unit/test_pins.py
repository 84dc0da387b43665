"""Pins are asked of a hub (one on the loopback address that speaks its interface) and written into
a configuration, whose other lines stay; what the hub refuses is one line with the command that
helps.
"""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import huggingface_hub.constants
import pytest
import yaml

from lingualift import pins, preflight
from lingualift.languages import load_languages
from lingualift.messages import LinguaLiftError
from lingualift.pins import Pin, pin, with_pins
from lingualift.retrieve import hub
from lingualift.retrieve.fetch import retrieve
from lingualift.retrieve.hub import HubRefusal, Repository
from lingualift.retrieve.pinning import missing_pins
from lingualift.retrieve.sources import Source, load_sources
from tests.conftest import ROOT, hub_source
from tests.loopback_hub import Fault, Held, PullRequest, serve

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
    assert pins.hub_sources(pins.configuration([overlay]))["smollm2-1.7b"][0].revision == NEW


def test_a_pin_that_is_there_stays_and_one_that_is_named_is_renewed(
    held: dict[str, Held], overlay: Path
) -> None:
    overlay.write_text(OVERLAY.replace("{}", f"{{smollm2-1.7b: {OLD}}}"))
    assert [new.key for new in pin([overlay]).pins] == ["multilingual-e5-large"]
    assert yaml.safe_load(overlay.read_text())["pins"]["smollm2-1.7b"] == OLD
    assert pin([overlay]).pins == []
    assert [new.key for new in pin([overlay], {"smollm2-1.7b": "main"}).pins] == ["smollm2-1.7b"]
    assert yaml.safe_load(overlay.read_text())["pins"]["smollm2-1.7b"] == NEW
    with pytest.raises(LinguaLiftError, match=r"'smolm2-1.7b' is no hub source .*; did you mean"):
        pin([overlay], {"smolm2-1.7b": "main"})


def test_a_source_that_only_the_alternatives_use_is_pinned_where_it_is_named(
    held: dict[str, Held], overlay: Path
) -> None:
    held["models/Qwen/Qwen3-1.7B-Base"] = Held(NEW, {NEW: SAFE})
    sources = load_sources(ROOT / "config/sources.yaml")
    assert (
        "`lingualift pin CONFIG qwen3-1.7b-base=main`"
        in missing_pins(sources["qwen3-1.7b-base"])[0]
    )
    assert "qwen3-1.7b-base" not in pins.hub_sources(pins.configuration([overlay]))
    answer = pin([overlay], {"qwen3-1.7b-base": "main"})
    assert [new.key for new in answer.pins][-1] == "qwen3-1.7b-base" and not answer.refused
    assert yaml.safe_load(overlay.read_text())["pins"]["qwen3-1.7b-base"] == NEW


def test_a_source_by_language_that_is_named_alone_counts_the_files_of_all_its_languages(
    held: dict[str, Held], overlay: Path
) -> None:
    files = {f"en-{code}/train-0.parquet": 10**9 for code in ("sw", "te")}
    held["datasets/Helsinki-NLP/opus-100"] = Held(NEW, {NEW: files})
    answer = pin([overlay], {"opus-100": "main"})
    assert answer.pins[-1].about.endswith("open, 2.00 GB")


def test_a_pin_that_is_a_branch_becomes_its_commit_by_the_command_that_the_refusal_names(
    held: dict[str, Held], overlay: Path
) -> None:
    overlay.write_text(OVERLAY.replace("{}", "{smollm2-1.7b: refs/pr/3}"))
    held[LLM] = Held(NEW, {NEW: SAFE, PULL: SAFE}, pull_requests={3: PullRequest(PULL)})
    with pytest.raises(LinguaLiftError, match=r"`lingualift pin CONFIG smollm2-1.7b=refs/pr/3`"):
        load_sources(ROOT / "config/sources.yaml", pins.configuration([overlay]).pins)
    for asked, commit in (({}, PULL), ({"smollm2-1.7b": "main"}, NEW)):
        overlay.write_text(OVERLAY.replace("{}", "{smollm2-1.7b: refs/pr/3}"))
        assert not pin([overlay], asked).refused
        assert yaml.safe_load(overlay.read_text())["pins"]["smollm2-1.7b"] == commit


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
    held[LLM].pull_requests |= {9: PullRequest(PULL), 12: PullRequest(OLD)}
    assert (
        f"refs/pr/9 has them: `lingualift pin CONFIG smollm2-1.7b={PULL}`"
        in (pin([overlay]).refused[0])
    )
    assert [new.there.commit for new in pin([overlay], {"smollm2-1.7b": PULL}).pins] == [PULL]


def test_the_hubs_own_conversion_is_found_among_many_newer_pull_requests(
    held: dict[str, Held], overlay: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held[LLM] = Held(NEW, {NEW: PICKLED, OLD: SAFE, PULL: SAFE})
    requests = held[LLM].pull_requests
    requests |= {number: PullRequest(NEW) for number in range(1, 150)}
    requests[2] = PullRequest(OLD, hub.CONVERTER, status="closed")
    requests[7] = PullRequest("e" * 40, hub.CONVERTER)  # its commit is gone
    requests[38] = PullRequest(PULL, hub.CONVERTER)
    requests[140] = PullRequest(OLD)
    with serve(held) as (address, asked):
        monkeypatch.setenv("HF_ENDPOINT", address)
        assert "refs/pr/38 has them" in pin([overlay]).refused[0]
        assert sum("discussions" in path for path in asked) == 15
        assert sum("revision/refs/pr" in path for path in asked) == 2
        requests |= {7: PullRequest(NEW), 38: PullRequest(PULL)}
        assert "refs/pr/38 has them" in pin([overlay]).refused[0]


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


FAULTS = [
    (Fault(403, "Forbidden"), r"the hub forbids reading it \(403\); `export HF_TOKEN=` a token"),
    (Fault(403, "Access to this resource is disabled."), r"is disabled on the hub; take another"),
    (Fault(429), r"too many requests .*\(429\); wait some minutes, or `export HF_TOKEN=`"),
    (Fault(500), r"the hub has a fault of its own \(500 Internal Server Error\); run again later"),
    (Fault(503, page=True), r"a fault of its own \(503 Service Unavailable\); run again later"),
    (Fault(200, page=True), r"what answers is not the hub, .*login page; log in there"),
    (Fault(403, page=True), r"what answers is not the hub, .*login page; log in there"),
    (Fault(511, page=True), r"what answers is not the hub, .*login page; log in there"),
    (Fault(200), r"what answers is not the hub, .*login page; log in there"),
    (Fault(418), r"the hub answers 418 I'm a Teapot; set HF_ENDPOINT to the address of a hub"),
]
NAMES = [f"{fault.status}{' page' if fault.page else ''}{fault.message[:8]}" for fault, _ in FAULTS]


@pytest.mark.parametrize(("fault", "message"), FAULTS, ids=NAMES)
def test_what_the_hub_answers_in_a_repositorys_place_is_one_line_and_the_others_are_written(
    fault: Fault, message: str, held: dict[str, Held], overlay: Path
) -> None:
    held[LLM] = replace(held[LLM], fault=fault)
    answer = pin([overlay])
    assert [new.key for new in answer.pins] == ["multilingual-e5-large"]
    assert yaml.safe_load(overlay.read_text())["pins"] == {"multilingual-e5-large": NEW}
    assert len(answer.refused) == 1 and re.search(message, answer.refused[0])
    assert answer.refused[0].startswith("source 'smollm2-1.7b': ")
    assert "does not answer" not in answer.refused[0] and "\n" not in answer.refused[0]


@pytest.mark.parametrize(("fault", "message"), FAULTS, ids=NAMES)
def test_it_ends_a_run_before_any_work_in_the_same_words(
    fault: Fault, message: str, held: dict[str, Held], tmp_path: Path
) -> None:
    held[LLM] = replace(held[LLM], fault=fault)
    with pytest.raises(HubRefusal, match=message) as caught:
        preflight.check_sources([source()], tmp_path / "r", tmp_path / "d")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("fault", "attempts"),
    [(Fault(403, "Forbidden"), 1), (Fault(503), 2), (Fault(200, page=True), 1)],
)
def test_a_retrieval_tries_again_only_what_may_pass(
    fault: Fault, attempts: int, held: dict[str, Held], tmp_path: Path, monkeypatch, caplog
) -> None:
    held[LLM] = replace(held[LLM], fault=fault)
    address = os.environ["HF_ENDPOINT"]
    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", address)
    monkeypatch.setattr(huggingface_hub.hf_api.api, "endpoint", address)
    monkeypatch.setattr(time, "sleep", lambda seconds: None)  # the library tries five times
    with pytest.raises(HubRefusal, match=r"^source 'big': HuggingFaceTB/SmolLM2-1.7B: ") as caught:
        retrieve(source(), tmp_path / "r/big", tmp_path / "d", attempts=2, wait=0)
    assert "does not answer" not in str(caught.value)
    assert len([line for line in caplog.messages if "of 2 failed" in line]) == attempts - 1


def test_a_wrong_token_is_to_be_renewed_or_unset(
    held: dict[str, Held], overlay: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_of_last_year")
    answer = pin([overlay])
    assert len(answer.refused) == 2 and overlay.read_text() == OVERLAY
    words = r"the hub does not know the token in HF_TOKEN; renew it, or `unset HF_TOKEN`"
    assert all(words in line and "last_year" not in line for line in answer.refused)
    with pytest.raises(HubRefusal, match=words):
        preflight.check_sources([source()], tmp_path / "r", tmp_path / "d")


def test_a_hub_that_falls_silent_leaves_what_was_found_and_says_what_is_left(
    held: dict[str, Held], overlay: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = hub.repository

    def once(source: Source, revision: str | None) -> Repository:
        if source.key != "smollm2-1.7b":
            raise ConnectionError("reset by peer")
        return found(source, revision)

    monkeypatch.setattr(hub, "repository", once)
    answer = pin([overlay])
    assert yaml.safe_load(overlay.read_text())["pins"] == {"smollm2-1.7b": NEW}
    assert "does not answer (ConnectionError: reset by peer)" in answer.refused[0]
    assert answer.refused[0].endswith("then run again for multilingual-e5-large")


def test_a_commit_of_a_data_set_without_the_files_that_are_fetched_is_no_pin(
    held: dict[str, Held], overlay: Path, tmp_path: Path
) -> None:
    key = "datasets/Qwen/PolyMath"
    held[key] = Held(NEW, {NEW: {"README.md": 1, "sw/high.parquet": 9}})
    answer = pin([overlay], {"polymath": "main"})
    assert "polymath" not in yaml.safe_load(overlay.read_text())["pins"]
    assert re.search(
        rf"Qwen/PolyMath at {NEW} holds no file \[a-z\]\[a-z\]/low.parquet, .*"
        r"`lingualift pin CONFIG polymath=REVISION`",
        answer.refused[0],
    )
    polymath = load_sources(ROOT / "config/sources.yaml", {"polymath": NEW})["polymath"]
    with pytest.raises(HubRefusal, match=r"holds no file"):
        preflight.check_sources([polymath], tmp_path / "r", tmp_path / "d")
    held[key].files[NEW]["sw/low.parquet"] = 5
    assert not pin([overlay], {"polymath": "main"}).refused


def test_a_language_whose_files_a_commit_lacks_is_named(
    held: dict[str, Held], overlay: Path
) -> None:
    held["datasets/Helsinki-NLP/opus-100"] = Held(NEW, {NEW: {"de-en/train-0.parquet": 10**9}})
    registry = load_sources(ROOT / "config/sources.yaml")
    languages = load_languages(ROOT / "config/languages.tsv")
    parts = [registry["opus-100"].for_language(languages[code]) for code in ("de", "te")]
    answer = pins._ask({"opus-100": parts}, {}, None)
    assert not answer.pins and "source 'opus-100-te': " in answer.refused[0]
    assert "`lingualift pin CONFIG opus-100=REVISION`" in answer.refused[0]


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
