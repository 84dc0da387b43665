"""What a configuration holds reaches no shell and leaves no folder; what clients say is cleared of
tokens (that of a whole run: tests/whole/test_security.py).
"""

import re
import subprocess
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from snakemake.io import get_wildcard_names

from lingualift.config import load_config
from lingualift.messages import LinguaLiftError
from lingualift.retrieve.clients import redact
from tests import tiny

ROOT = Path(__file__).resolve().parents[2]
DEFAULT = yaml.safe_load((ROOT / "config/config.yaml").read_text(encoding="utf-8"))
SECRETS = {
    "HF_TOKEN": "hf_VerySecretVerySecretVerySecret",
    "WANDB_API_KEY": "0123456789secretsecretsecret",
}
LETTERS = "ab./ -~${}()'\"\\;&|é"
NASTY = [
    "$(touch pwned)",
    "`touch pwned`",
    "a{lang}",
    "x; touch pwned",
    "a\nb",
    "--help",
    "~root",
    "'",
    '"',
    "*",
    "x" * 5000,
    "\ud800",
]


@pytest.mark.parametrize("key", ["resources", "mirror"])
@given(
    st.text(min_size=1, max_size=300)
    | st.sampled_from(NASTY)
    | st.text(st.sampled_from(LETTERS), min_size=1, max_size=12)
)
def test_a_folder_is_refused_in_one_line_or_means_itself_to_shell_and_snakemake(
    key: str, value: str
) -> None:
    try:
        folder = getattr(load_config({**DEFAULT, key: value}), key)
    except LinguaLiftError as error:
        assert len(str(error).splitlines()) == 1
        assert key in str(error)
        return
    if folder is None:  # null
        return
    assert folder == value
    assert not get_wildcard_names(folder)
    said = subprocess.run(
        ["sh", "-c", f"printf %s \"{folder}\"; printf %s '{folder}'"], capture_output=True
    )
    assert said.stdout.decode() == folder * 2


@pytest.mark.workflow
@pytest.mark.parametrize(
    "config",
    [
        {"resources": "$(touch pwned)"},
        {"mirror": 'x"; touch pwned; "'},
        {"languages": {"evaluation": ["en", "sw;touch pwned"]}},
        {"systems": ["mono-sft", "../../$(touch pwned)"]},
        {"corpus": {"source": "../../etc"}},
        {"benchmarks": {"../../pwned": "mmwp-mini"}},
    ],
    ids=lambda config: next(iter(config)),
)
def test_a_run_with_a_value_that_means_harm_ends_with_one_line_before_any_job(
    tmp_path: Path, config: dict[str, object]
) -> None:
    folder = tmp_path / "run"
    tiny.copy_workflow(folder, tmp_path / "absent")
    done = tiny.snakemake(folder, **config)
    assert done.returncode != 0
    (line,) = [
        line
        for line in done.stderr.splitlines()
        if "configuration: " in line or "not a" in line or "unknown" in line
    ]
    assert next(iter(config)) in line
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.rglob("*pwned*"))
    assert not (folder / "results").exists()


def test_what_a_client_says_is_cleared_of_the_tokens_that_it_was_given(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, secret in SECRETS.items():
        monkeypatch.setenv(name, secret)
    said = redact(
        f"401 for https://me:pass@host/x with {SECRETS['HF_TOKEN']} and"
        f" key={SECRETS['WANDB_API_KEY']}."
    )
    assert said == "401 for https://***@host/x with *** and key=***."


def test_nothing_that_the_library_or_the_workflow_reads_can_be_a_pickle() -> None:
    unsafe = (
        r"import pickle|torch\.load\(|joblib|allow_pickle=True|trust_remote_code=True"
        r"|yaml\.load\(|(?<![\w.])(eval|exec)\("
    )
    for folder in ("src", "workflow", "dev", "speed"):
        for path in (ROOT / folder).rglob("*.py"):
            found = re.search(unsafe, path.read_text(encoding="utf-8"))
            assert not found, f"{path}: {found and found[0]}"
