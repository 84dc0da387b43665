"""A folder in which the whole workflow runs offline within a minute: tiny random models, made-up
languages, every rule.

`python -m tests.tiny FOLDER` writes it: a copy of the workflow, a mirror with everything that comes
from outside (each file pinned in the copy's registry), and `config/test/tiny.yaml`. Then, in
FOLDER,

    snakemake --cores 2 results/tables/mmwp.csv --configfile config/test/tiny.yaml

What comes out means nothing, but takes every path of a real run. The texts are this project's word
problems; those of the target languages are enciphered letter by letter, so that vectors of the
languages have alike shapes, and the encoder's embeddings of a word and its "translation" are
neighbours: the lexicons are good ones, made as in a real run.
"""

import argparse
import json
import os
import random
import re
import shutil
import string
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from tests import forked

ROOT = Path(__file__).resolve().parents[1]
WORKFLOW = (
    "Snakefile",
    "rules",
    "workflow",
    "config",
    "envs",
    "profiles",
    "pyproject.toml",
    "requirements.lock",
)
CONFIG = "config/test/tiny.yaml"
PAPER_CONFIGS = (
    "config/gsm8k.yaml",
    "config/gsm8k-small.yaml",
    CONFIG,
    "config/test/paper.yaml",
)
TABLE = "results/tables/mmwp.csv"

LINES = 600  # of each corpus
LANGUAGES = ("en", "de", "sw", "hi")  # hi is there to be added
WIDTH = 32  # of both models
REVISION = (  # the hub commit that the mirrored language model stands for
    "0123456789abcdef0123456789abcdef01234567"
)

SETTINGS: dict[str, Any] = {
    "mirror": "mirror",
    "offline": True,
    "precision": "float32",
    "compute": {"languages_per_job": 1},
    "languages": {"alignment": ["de", "sw"], "evaluation": ["en", "sw"]},
    "corpus": {"source": "tiny-text"},
    "vocabulary": {"wordlists": [], "size": 600, "source_size": 600},
    "fasttext": {"dimension": 24, "epochs": 8, "min_count": 2},
    "lexicon": {"encoder_layers": [1, 2], "gold": "tiny-words"},
    "tagger": "tiny-tagger",
    "tasks": {"maths": {"examples": 64}, "arithmetic": {"examples": 64}},
    "codeswitch": {"queries": 24},
    "llm": {"source": "tiny-llm"},
    "encoder": {"source": "tiny-encoder", "layer": 2},
    "stages": {
        "warm-start": {"steps": 20, "batch": 128},
        "align": {"examples": 32},
        "transfer": {
            "epochs": 24,
            "learning_rate": 0.004,
            "schedule": "constant",
            "freeze_layers": 1,
        },  # enough to answer with numbers
    },
    "systems": ["mono-sft", "lingualift"],
    "evaluation": {"max_new_tokens": 12},
    "tables": {"bootstrap": 200},
}


def write_tiny(folder: Path) -> Path:
    """Write everything into `folder` (new or empty) and return it."""
    write_mirror(folder / "mirror")
    copy_workflow(folder)
    return folder


def copy_workflow(folder: Path, mirror: Path | None = None) -> Path:
    """The workflow in `folder`, its registry extended by what `mirror` (default: the folder's own)
    holds; returns `folder`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name in WORKFLOW:
        source = ROOT / name
        (shutil.copytree if source.is_dir() else shutil.copy2)(source, folder / name)
    with open(folder / "config/sources.yaml", "a", encoding="utf-8") as handle:
        yaml.safe_dump(registry(mirror or folder / "mirror"), handle)
    (folder / CONFIG).write_text(
        yaml.safe_dump(SETTINGS if mirror is None else {**SETTINGS, "mirror": str(mirror)}),
        encoding="utf-8",
    )
    return folder


def registry(mirror: Path) -> dict[str, Any]:
    """The registry's entries of the mirror, every file with its checksum."""
    from lingualift.artifacts import sha256_file

    def files(key: str, language: Mapping[str, str]) -> list[dict[str, Any]]:
        found = sorted(path for path in (mirror / key).rglob("*") if path.is_file())
        names = [path.relative_to(mirror / key).as_posix() for path in found]
        return [
            {"name": name, "size": path.stat().st_size, "sha256": sha256_file(path)}
            | ({"language": language[Path(name).stem]} if Path(name).stem in language else {})
            for name, path in zip(names, found, strict=True)
        ]

    entries: dict[str, Any] = {
        "tiny-llm": {
            "kind": "hub",
            "repository": "tiny/llm",
            "revision": REVISION,
            "parameters": 100_000,
            "width": WIDTH,
            "digits": "joined",
        },
        "tiny-encoder": {
            "kind": "local",
            "files": files("tiny-encoder", {}),
            "parameters": 100_000,
            "width": WIDTH,
        },
        "tiny-tagger": {"kind": "local", "files": files("tiny-tagger", {})},
        "tiny-text": {
            "kind": "local",
            "files": files("tiny-text", {code: code for code in LANGUAGES}),
        },
        "tiny-words": {
            "kind": "local",
            "files": files("tiny-words", {code: code for code in LANGUAGES}),
        },
    }
    common = {"title": "made for tests", "use": "tests", "licence": "Apache-2.0"}
    return {
        key: {**common, **entry, **({} if entry["kind"] == "hub" else {"mirror": key})}
        for key, entry in entries.items()
    }


# ---------------------------------------------------------------- what the mirror holds


def cipher(language: str) -> dict[int, int]:
    """How English letters are written in a made-up language: another letter of the same kind, or a
    Devanagari one.
    """
    if language == "en":
        return {}
    rng = random.Random(f"tiny-{language}")
    vowels, consonants = "aeiou", "".join(sorted(set(string.ascii_lowercase) - set("aeiou")))
    if language == "hi":
        return str.maketrans(
            string.ascii_lowercase,
            "".join(rng.sample([chr(code) for code in range(0x0915, 0x0939)], 26)),
        )
    return str.maketrans(
        vowels + consonants,
        "".join(rng.sample(vowels, 5)) + "".join(rng.sample(consonants, len(consonants))),
    )


def corpus(language: str) -> list[str]:
    """Lines of running text; no two languages share a line."""
    from lingualift.tasks.word_problems import generate_problems

    texts = generate_problems(LINES, 100 + LANGUAGES.index(language))["question"].to_pylist()
    return [text.lower().translate(cipher(language)) for text in texts]


def vocabulary() -> list[str]:
    """The words of the English corpus, and of the questions that the run will ask."""
    from lingualift.tasks.word_problems import generate_problems

    lines = [
        *corpus("en"),
        *generate_problems(SETTINGS["tasks"]["maths"]["examples"], 1)["question"].to_pylist(),
    ]
    return sorted({word for line in lines for word in re.findall(r"[a-z]+", line.lower())})


CHATML = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def write_mirror(mirror: Path) -> Path:
    """Models, tagger, texts and word lists, in the forms that the workflow reads."""
    for language in LANGUAGES:
        path = mirror / "tiny-text" / f"{language}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(corpus(language)) + "\n", encoding="utf-8")
    for language in LANGUAGES[1:]:
        path = mirror / f"tiny-words/{language}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = [f"{word}\t{word.translate(cipher(language))}\n" for word in vocabulary()[::5]]
        path.write_text("".join(lines), encoding="utf-8")
    write_tagger(mirror / "tiny-tagger")
    write_llm(mirror / "hub/tiny/llm")
    write_encoder(mirror / "tiny-encoder")
    return mirror


def copy_mirror(mirror: Path, target: Path) -> Path:
    """A mirror of one's own, to change."""
    return shutil.copytree(mirror, target)


def linked_mirror(mirror: Path, folder: Path, *others: Path) -> Path:
    """A mirror with everything of `mirror` and the other folders."""
    folder.mkdir()
    for entry in [*mirror.iterdir(), *others]:
        (folder / entry.name).symlink_to(entry)
    return folder


def write_tagger(folder: Path) -> None:
    """A spaCy pipeline that tells words, names, numbers and punctuation apart by their letters."""
    import spacy

    pipeline = spacy.blank("en")
    ruler = pipeline.add_pipe("attribute_ruler")
    for pattern, pos in (
        (r"^[a-z]+$", "NOUN"),
        (r"^[A-Z]", "PROPN"),
        (r"^\d", "NUM"),
        (r"^[^\w\s]+$", "PUNCT"),
    ):
        ruler.add(patterns=[[{"TEXT": {"REGEX": pattern}}]], attrs={"POS": pos})
    pipeline.to_disk(folder)


def write_llm(folder: Path) -> None:
    """A random two-layer Llama with a byte-level BPE tokenizer trained on the word problems, and a
    chat template.
    """
    import torch
    from tokenizers import ByteLevelBPETokenizer
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    trained = ByteLevelBPETokenizer()
    trained.train_from_iterator(
        corpus("en"), vocab_size=500, special_tokens=["<s>", "</s>", "<pad>"], show_progress=False
    )
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=trained._tokenizer, bos_token="<s>", eos_token="</s>", pad_token="<pad>"
    )
    tokenizer.chat_template = CHATML
    tokenizer.save_pretrained(folder)
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=WIDTH,
        intermediate_size=2 * WIDTH,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=512,
        bos_token_id=0,
        eos_token_id=1,
        pad_token_id=2,
        tie_word_embeddings=True,
    )
    LlamaForCausalLM(config).save_pretrained(folder)


def write_encoder(folder: Path) -> None:
    """A random two-layer Gemma 3 whose tokens are words; a word and its cipher in any language have
    almost the same embedding.
    """
    import torch
    from transformers import Gemma3ForCausalLM, Gemma3TextConfig

    meaning = write_words_tokenizer(folder)
    torch.manual_seed(0)
    config = Gemma3TextConfig(
        vocab_size=len(meaning),
        hidden_size=WIDTH,
        intermediate_size=2 * WIDTH,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=16,
        max_position_embeddings=512,
        sliding_window=256,
        bos_token_id=2,
        eos_token_id=1,
        pad_token_id=0,
    )
    model = Gemma3ForCausalLM(config)
    share_meanings(model, meaning)
    model.save_pretrained(folder)


def write_words_tokenizer(folder: Path, others: str = "") -> list[int]:
    """A tokenizer whose tokens are words in all languages, and `others`; the row of the meaning of
    each token.
    """
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    special, words = ["<pad>", "<eos>", "<bos>", "<unk>", *others], vocabulary()
    tokens = {token: row for row, token in enumerate(special)}
    meaning = list(range(len(special)))
    for language in LANGUAGES:
        for row, word in enumerate(words, len(special)):
            if (written := word.translate(cipher(language))) not in tokens:
                tokens[written] = len(tokens)
                meaning.append(row)
    tokenizer = Tokenizer(models.WordLevel(tokens, unk_token="<unk>"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<bos>",
        eos_token="<eos>",
        pad_token="<pad>",
        unk_token="<unk>",
    ).save_pretrained(folder)
    return meaning


def share_meanings(model: Any, meaning: list[int]) -> None:
    """Give tokens of one meaning almost the same embedding."""
    import torch

    with torch.no_grad():
        table = torch.randn(max(meaning) + 1, WIDTH)
        model.get_input_embeddings().weight.copy_(
            table[meaning] + 0.1 * torch.randn(len(meaning), WIDTH)
        )


# ---------------------------------------------------------------- running it

BLOCK = """\
import socket
def refuse(*arguments, **options):
    raise OSError("no network in this test")
socket.getaddrinfo = socket.create_connection = refuse
socket.socket.connect = socket.socket.connect_ex = refuse
"""


def artefacts(folder: Path) -> dict[str, bytes]:
    """What a run computes, by path: tables, scores, predictions, trained weights, lexicons,
    code-switched text.

    All of it, since models of this size answer so few problems that tables of different runs could
    agree by chance.
    """
    kinds = (
        "tables/*.*",
        "scores/*/*.parquet",
        "predictions/*/*/*.parquet",
        "checkpoints/*/*.safetensors",
        "lexicons/*",
        "codeswitch/*",
    )
    files = [path for kind in kinds for path in sorted((folder / "results").glob(kind))]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def environment() -> dict[str, str]:
    """The environment of a run: this checkout's library, no network, one thread a job."""
    path = os.pathsep.join([str(ROOT / "src"), *filter(None, [os.environ.get("PYTHONPATH")])])
    return {
        **os.environ,
        "PYTHONPATH": path,
        "OMP_NUM_THREADS": "1",
        "TOKENIZERS_PARALLELISM": "false",
        "HF_HUB_OFFLINE": "1",
    }


def without_network(folder: Path) -> tuple[list[str], dict[str, str]]:
    """A prefix of commands that cuts the network off, by a network namespace where that is
    permitted; else Python's sockets refuse.
    """
    for prefix in (["unshare", "--net"], ["unshare", "--map-root-user", "--net"]):
        if (
            shutil.which("unshare")
            and subprocess.run([*prefix, "true"], capture_output=True).returncode == 0
        ):
            return prefix, environment()
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(BLOCK)
    known = environment()
    path = os.pathsep.join([str(folder), known["PYTHONPATH"]])
    return [], known | {"PYTHONPATH": path}


def command(
    *arguments: str, target: str = TABLE, configfiles: tuple[str, ...] = (CONFIG,), **config: Any
) -> list[str]:
    """The command line of a run of `target`, one or several with blanks between; `config` overrides
    settings.
    """
    values = [f"{key}={json.dumps(value)}" for key, value in config.items()]
    asked = [
        sys.executable,
        "-m",
        "snakemake",
        "--cores",
        "2",
        *target.split(),
        "--configfile",
        *configfiles,
    ]
    return [*asked, *(["--config", *values] if values else []), *arguments]


def snakemake(folder: Path, *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run Snakemake in `folder` to its end (`forked.py`); options as those of `command`."""
    return forked.snakemake(command(*arguments, **options)[3:], folder, environment())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        prog="python -m tests.tiny", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument(
        "--paper", action="store_true", help="with invented data for config/test/paper.yaml"
    )
    asked = parser.parse_args()
    if asked.folder.exists() and any(asked.folder.iterdir()):
        parser.error(f"{asked.folder} is not empty")
    write_tiny(asked.folder)
    if asked.paper:
        from tests import invented

        invented.write_published(asked.folder / "mirror")
        invented.pin_invented(asked.folder)
    target, files = ("paper", PAPER_CONFIGS) if asked.paper else (TABLE, (CONFIG,))
    print(f"cd {asked.folder} && snakemake --cores 2 {target} --configfile {' '.join(files)}")
