"""Shared fixtures: tiny random models of real architectures with real tokenizers, and one finished
tiny run of the workflow.
"""

import gc
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from filelock import FileLock
from hypothesis import settings

from tests import tiny

if TYPE_CHECKING:
    from lingualift.retrieve.sources import Source
    from lingualift.training.job import StageJob

settings.register_profile("untimed", deadline=None)  # a busy machine is no fault
settings.load_profile("untimed")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
ROOT = Path(__file__).resolve().parents[1]
FINISHED = os.environ.get("LINGUALIFT_TINY")
"""A finished run of `python -m tests.tiny` to use, instead of a minute of making one: while writing
tests, and where CI runs several suites.
"""
LINES = [
    (
        "Maria has 14 apples. Her brother gives her 9 more apples. How many apples does Maria have"
        " now?"
    ),
    "Solve the problem. Translate to English: Answer: 14 + 9 = 23",
    "Ana tiene 14 manzanas. Hat neun Bücher. मारिया के पास 14 सेब हैं।",
]


def save_tokenizer(folder: Path, bos: str = "<s>", eos: str = "</s>") -> int:
    """A byte-level BPE tokenizer with BOS, EOS and pad, saved to `folder`; returns its vocabulary
    size.
    """
    from tokenizers import ByteLevelBPETokenizer
    from transformers import PreTrainedTokenizerFast

    trained = ByteLevelBPETokenizer()
    trained.train_from_iterator(
        LINES, vocab_size=400, special_tokens=[bos, eos, "<pad>"], show_progress=False
    )
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=trained._tokenizer, bos_token=bos, eos_token=eos, pad_token="<pad>"
    )
    tokenizer.save_pretrained(folder)
    return len(tokenizer)


def save_llama(folder: Path, hidden: int = 32, layers: int = 2, tied: bool = True) -> Path:
    """A random two-layer Llama with its tokenizer."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    size = save_tokenizer(folder)
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=size,
        hidden_size=hidden,
        intermediate_size=64,
        num_hidden_layers=layers,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=512,
        bos_token_id=0,
        eos_token_id=1,
        pad_token_id=2,
        tie_word_embeddings=tied,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a tiny random Llama."""
    return save_llama(tmp_path_factory.mktemp("llama"))


@pytest.fixture(scope="session")
def causal_encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a tiny random decoder used as an encoder, of another width."""
    return save_llama(tmp_path_factory.mktemp("encoder"), hidden=24, layers=3)


@pytest.fixture
def stage_job(llama: Path, causal_encoder: Path, tmp_path: Path) -> "StageJob":
    """A small stage of training; `tests/stage.py` runs it."""
    from tests.stage import write_stage

    return write_stage(tmp_path, llama, causal_encoder)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Runs of the workflow first, so that no process of pytest-xdist ends with minutes alone."""
    items.sort(key=lambda item: item.get_closest_marker("workflow") is None)


def pytest_collection_finish() -> None:
    """Keep what was imported and collected out of the garbage collector: a stage of training
    collects twice, and three in four seconds of a tiny one went to searching modules.
    """
    gc.collect()
    gc.freeze()


@contextmanager
def shared(tmp_path_factory: pytest.TempPathFactory, name: str) -> Iterator[Path]:
    """A folder `name` that all processes of pytest-xdist share; who comes first makes it, the
    others wait.
    """
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / name
    with FileLock(folder.with_name(name + ".lock")):
        yield folder


@pytest.fixture(scope="session")
def mirror(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Everything that a tiny run takes from outside."""
    if FINISHED:
        return (
            Path(FINISHED)
            / yaml.safe_load((Path(FINISHED) / tiny.CONFIG).read_text(encoding="utf-8"))["mirror"]
        )
    with shared(tmp_path_factory, "mirror") as folder:
        return folder if folder.exists() else tiny.write_mirror(folder)


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory, mirror: Path) -> Path:
    """The folder of a finished tiny run; not to be changed by a test."""
    if FINISHED:
        return Path(FINISHED)
    with shared(tmp_path_factory, "run") as folder:
        if not folder.exists():
            tiny.copy_workflow(folder, mirror)
            done = subprocess.run(  # as a user starts it
                tiny.command(target="all"),
                cwd=folder,
                env=tiny.environment(),
                capture_output=True,
                text=True,
            )
            (folder / "run.log").write_text(done.stderr + done.stdout, encoding="utf-8")
        assert (folder / tiny.TABLE).is_file(), (folder / "run.log").read_text(encoding="utf-8")[
            -6000:
        ]
        return folder


@pytest.fixture
def copy(tmp_path: Path, finished: Path) -> Path:
    """A copy of the finished run, which a test may change."""
    return shutil.copytree(finished, tmp_path / "copy", symlinks=True)


def hub_source(**stated: Any) -> "Source":
    """A model on the hub, with what a test states of it."""
    from lingualift.retrieve.sources import Source

    described = {
        "key": "tiny",
        "kind": "hub",
        "title": "t",
        "use": "u",
        "licence": "MIT",
        "repository": "a/b",
        "revision": "0" * 40,
    }
    return Source.model_validate({**described, **stated})
