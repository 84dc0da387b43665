"""config/one-gpu.yaml from pins to tables: a hub on the loopback address is asked for commits, and
tiny models of the same architectures come from a mirror folder that looks like the hub's.
"""

import json
import os
import string
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from lingualift.plan.told import configuration
from tests import tiny
from tests.loopback_hub import Held, serve

pytestmark = pytest.mark.workflow

ROOT = Path(__file__).resolve().parents[2]
LLM, ENCODER = "HuggingFaceTB/SmolLM2-1.7B", "intfloat/multilingual-e5-large"
DATA = (
    *("meta-math/MetaMathQA", "openai/gsm8k"),
    *("juletxara/mgsm", "Mathoctopus/MSVAMP", "masakhane/afrimgsm"),
)
MSVAMP = "9f14f9f21f7838d92f1d9bdebacc2376880739e7"  # the commit of it that the registry names
LAYERS = 24  # of the encoder, as the true one has
SIZES = {"24 GB": ["config/one-gpu.yaml"]}
SIZES["80 GB"] = [*SIZES["24 GB"], "config/one-gpu-80.yaml"]
TINY = "config/test/tiny-one-gpu.yaml"
OVERLAY = {
    "mirror": "mirror",
    "offline": True,
    "precision": "float32",
    "compute": {"gpus": 0},
    "languages": {"alignment": ["de", "sw"], "evaluation": ["en", "de", "sw"]},
    "corpus": {"source": "tiny-text"},
    "vocabulary": {"wordlists": [], "size": 600, "source_size": 600},
    "fasttext": {"dimension": 24, "epochs": 8, "min_count": 2},
    "lexicon": {"gold": "tiny-words"},
    "tagger": "tiny-tagger",
    "codeswitch": {"queries": 24},
    "tasks": {"gsm8k": {"examples": 64}, "metamath": {"examples": 48}},
    "stages": {"warm-start": {"steps": 20, "batch": 128}, "transfer": {"batch": 16}},
    "evaluation": {"items": 8, "excerpts": ["mgsm", "msvamp", "afrimgsm"], "max_new_tokens": 8},
    "tables": {"bootstrap": 200},
}
"""Smaller, and without a GPU: models, systems, stages, tasks and benchmarks are the file's own."""


def write_models(hub: Path) -> None:
    """A Llama that reads numbers digit by digit, and an XLM-R of as many layers as E5-large."""
    import torch
    from tokenizers import pre_tokenizers
    from transformers import AutoTokenizer, XLMRobertaConfig, XLMRobertaModel

    tiny.write_llm(hub / LLM)
    tokenizer = AutoTokenizer.from_pretrained(hub / LLM)
    tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(False)]
    )
    tokenizer.save_pretrained(hub / LLM)
    meaning = tiny.write_words_tokenizer(hub / ENCODER, string.digits)
    torch.manual_seed(0)
    config = XLMRobertaConfig(
        vocab_size=len(meaning),
        hidden_size=tiny.WIDTH,
        intermediate_size=2 * tiny.WIDTH,
        num_hidden_layers=LAYERS,
        num_attention_heads=2,
        max_position_embeddings=514,
        pad_token_id=0,
        bos_token_id=2,
        eos_token_id=1,
    )
    model = XLMRobertaModel(config)
    tiny.share_meanings(model, meaning)
    model.save_pretrained(hub / ENCODER)


def write_data(hub: Path) -> None:
    """Task data and benchmarks in the forms in which the hub has them."""
    from lingualift.tasks.word_problems import generate_problems

    for name in DATA:
        (hub / name).mkdir(parents=True)
    problems = generate_problems(80, 1).to_pylist()
    rows = [
        {
            "query": row["question"],
            "response": f"{row['response']}\nThe answer is: {row['answer']}",
            "type": "GSM_AnsAug",
            "original_question": row["question"],
        }
        for row in problems
    ]
    (hub / DATA[0] / "MetaMathQA-395K.json").write_text(json.dumps(rows))
    solved = [f"{row['response']}\n#### {row['answer']}" for row in problems]
    (hub / DATA[1] / "main").mkdir()
    table = pa.table({"question": [row["question"] for row in problems], "answer": solved})
    pq.write_table(table, hub / DATA[1] / "main/train-00000-of-00001.parquet")
    for code, name in (("en", "English"), ("de", "German"), ("sw", "Swahili")):
        asked = [row["question"].translate(tiny.cipher(code)) for row in problems[:8]]
        answers = [row["answer"] for row in problems[:8]]
        lines = [f"{question}\t{answer}\n" for question, answer in zip(asked, answers, strict=True)]
        (hub / DATA[2] / f"mgsm_{code}.tsv").write_text("".join(lines))
        records = [
            json.dumps({"m_query": question, "response": float(answer)}) + "\n"
            for question, answer in zip(asked, answers, strict=True)
        ]
        (hub / DATA[3] / f"test_{name}.json").write_text("".join(records))
        if code != "de":  # no African language
            part = hub / DATA[4] / "data" / {"en": "eng", "sw": "swa"}[code]
            part.mkdir(parents=True)
            subset = ["question\tanswer\tanswer_number\tequation_solution\n"]
            subset += [
                f"{question}\t\t{answer}\t\n"
                for question, answer in zip(asked, answers, strict=True)
            ]
            (part / "test.tsv").write_text("".join(subset))


def write_folder(folder: Path) -> dict[str, Held]:
    """The workflow, its mirror, and the repositories as a hub lists them."""
    hub = folder / "mirror/hub"
    tiny.write_mirror(folder / "mirror")
    write_models(hub)
    write_data(hub)
    tiny.copy_workflow(folder)
    path = folder / "config/sources.yaml"
    registry = yaml.safe_load(path.read_text())
    registry["smollm2-1.7b"] |= {"width": tiny.WIDTH, "layers": 2, "parameters": 100_000}
    registry["multilingual-e5-large"] |= {"width": tiny.WIDTH, "parameters": 100_000}
    path.write_text(yaml.safe_dump(registry))
    (folder / TINY).write_text(yaml.safe_dump(OVERLAY))
    repositories = {}
    for number, name in enumerate((LLM, ENCODER, *DATA)):
        files = {
            file.relative_to(hub / name).as_posix(): file.stat().st_size
            for file in (hub / name).rglob("*")
            if file.is_file()
        }
        commit = f"{number:040x}"
        kind = "datasets" if name in DATA else "models"
        repositories[f"{kind}/{name}"] = Held(commit, {commit: files, MSVAMP: files})
    return repositories


@pytest.mark.parametrize("size", SIZES)
def test_one_gpu_from_pins_to_tables(size: str, tmp_path: Path) -> None:
    folder = tmp_path / "clone"
    repositories = write_folder(folder)
    files = [*SIZES[size], TINY]
    unpinned = tiny.snakemake(folder, target="all", configfiles=tuple(files))
    assert unpinned.returncode != 0
    said = unpinned.stdout + unpinned.stderr
    assert "has no pinned revision: `lingualift pin CONFIG` asks" in said
    first = folder / files[0]
    with serve(repositories) as (address, _):
        environment = {**os.environ, "HF_ENDPOINT": address, "HF_HUB_OFFLINE": "0"}
        command = [sys.executable, "-m", "lingualift.command", "pin", str(first)]
        asked = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True)
    assert asked.returncode == 0, asked.stderr + asked.stdout
    pinned = configuration([first]).pins
    assert sorted(pinned) == [
        "afrimgsm",
        "gsm8k-hub",
        "metamathqa",
        "mgsm-hub",
        "multilingual-e5-large",
        "smollm2-1.7b",
    ]
    done = tiny.snakemake(folder, target="all", configfiles=tuple(files))
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
    systems = yaml.safe_load((ROOT / files[-2]).read_text())["systems"]
    for table in ("mmwp", "mgsm", "msvamp", "afrimgsm"):
        rows = pq.read_table(folder / f"results/tables/{table}.parquet").to_pylist()
        measured = {row["system"] for row in rows if row["origin"] == "measured"}
        assert measured == set(systems), table
    text = (folder / "results/report.html").read_text(encoding="utf-8")
    assert "smollm2-1.7b" in text and "multilingual-e5-large" in text
