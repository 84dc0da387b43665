"""Shared fixtures: tiny random models of real architectures, with real tokenizers trained on a few lines."""

import os
from pathlib import Path

import pytest

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
ROOT = Path(__file__).resolve().parents[1]
LINES = [
    "Maria has 14 apples. Her brother gives her 9 more apples. How many apples does Maria have now?",
    "Solve the problem. Translate to English: Answer: 14 + 9 = 23",
    "Ana tiene 14 manzanas. Hat neun Bücher. मारिया के पास 14 सेब हैं।",
]


def save_tokenizer(folder: Path, bos: str = "<s>", eos: str = "</s>") -> int:
    """A byte-level BPE tokenizer with BOS, EOS and pad, saved to `folder`; returns its vocabulary size."""
    from tokenizers import ByteLevelBPETokenizer
    from transformers import PreTrainedTokenizerFast

    trained = ByteLevelBPETokenizer()
    trained.train_from_iterator(LINES, vocab_size=400, special_tokens=[bos, eos, "<pad>"], show_progress=False)
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=trained._tokenizer, bos_token=bos, eos_token=eos, pad_token="<pad>")
    tokenizer.save_pretrained(folder)
    return len(tokenizer)


def save_llama(folder: Path, hidden: int = 32, layers: int = 2) -> Path:
    """A random two-layer Llama with its tokenizer."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    size = save_tokenizer(folder)
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=size, hidden_size=hidden, intermediate_size=64, num_hidden_layers=layers, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=512, bos_token_id=0, eos_token_id=1, pad_token_id=2, tie_word_embeddings=True,
    )  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(folder)
    return folder


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """With `--dist loadgroup`: tests that run Snakemake stay in one process (they share a finished run), others go by file."""
    for item in items:
        folder = item.path.parent.name
        item.add_marker(pytest.mark.xdist_group("workflow" if folder in ("workflow", "slurm") else item.path.name))


@pytest.fixture(scope="session")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a tiny random Llama."""
    return save_llama(tmp_path_factory.mktemp("llama"))


@pytest.fixture(scope="session")
def causal_encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a tiny random decoder used as an encoder, of another width."""
    return save_llama(tmp_path_factory.mktemp("encoder"), hidden=24, layers=3)
