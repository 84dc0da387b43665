"""Strings to a model's inputs: the lines of a model card give the answers of the workflow, and
exported checkpoints give them where they have been moved to.
"""

import contextlib
import io
import json
import re
import shutil
from pathlib import Path
from typing import Any

import huggingface_hub.constants
import pyarrow as pa
import pytest
import torch

from lingualift.artifacts import check_directory, write_parquet
from lingualift.benchmarks.base import Problem
from lingualift.config import Alignment, Evaluation, LanguageModelling
from lingualift.evaluation.predict import Asking, load_for_generation, predict
from lingualift.messages import LinguaLiftError
from lingualift.model.card import model_card
from lingualift.model.encoder import Encoder
from lingualift.model.export import export_checkpoint, push_to_hub
from lingualift.model.layout import Prompt
from lingualift.model.processor import LinguaLiftModel, LinguaLiftProcessor
from lingualift.model.states import load_states
from lingualift.training.job import StageJob, StageTexts
from lingualift.training.run import run_stage
from tests.conftest import save_llama

PROMPT = Prompt("{question}\nAnswer:", "Solve. ")
QUESTIONS = [
    f"Maria has {number} apples" + " and pears" * (number % 4) + "." for number in range(2, 14)
]
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def stage(
    folder: Path, llm: Path, encoder: Path, layout: str = "encoder", prompt: Prompt = PROMPT
) -> StageJob:
    """A stage of a few steps over tiny models, with a table of questions in `folder`."""
    names = ("id", "language", "question", "response")
    schema = pa.schema([pa.field(name, pa.string()) for name in names])
    rows = [
        {"id": str(n), "language": "en", "question": text, "response": f" {n}"}
        for n, text in enumerate(QUESTIONS)
    ]
    folder.mkdir(parents=True, exist_ok=True)
    write_parquet(folder / "q.parquet", pa.Table.from_pylist(rows, schema=schema), schema)
    states = None
    if layout in ("encoder", "both"):
        states = folder / "states"
        marked = ["en"] * len(QUESTIONS)
        Encoder(encoder, 2, torch.float32).store(states, QUESTIONS, languages=marked)
    data = StageTexts(folder / "q.parquet", states, prompt)
    return StageJob(
        stage=LanguageModelling(
            objective="language-modelling",
            data="maths",
            train=["llm"] if layout == "text" else ["alignment", "boundary", "llm"],
            prompt="maths",
            epochs=40,
            batch=6,
            learning_rate=1e-2,
        ),
        name="transfer",
        layout=layout,
        seed=1,
        out=folder / "checkpoint",
        llm=llm,
        encoder=None if layout == "text" else encoder,
        layer=2,
        alignment=Alignment(normalise=True),
        parent=None,
        data=[data],
        reference=None if layout == "text" else data,
        names={"en": "English"},
        bf16=False,
        stamp={"rule": "train"},
    )


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, llama: Path, causal_encoder: Path):
    """Checkpoints of one stage by layout."""
    checkpoints: dict[str, StageJob] = {}

    def checkpoint(layout: str) -> StageJob:
        if layout not in checkpoints:
            job = stage(tmp_path_factory.mktemp(layout), llama, causal_encoder, layout)
            run_stage(job)
            checkpoints[layout] = job
        return checkpoints[layout]

    return checkpoint


def workflow_answers(job: StageJob) -> list[str]:
    """What the workflow's `predict` answers, from stored states where it stores them."""
    states = job.data[0].states
    stored = None if states is None else load_states(states, QUESTIONS)
    if job.layout == "templated-encoder":
        encoder = Encoder(job.encoder or "", 2, torch.float32)
        stored = encoder.encode([PROMPT.encoded(job.layout, text) for text in QUESTIONS])
    problems = [Problem(str(n), text, "1") for n, text in enumerate(QUESTIONS)]
    settings = Evaluation(max_new_tokens=20, batch=5)
    asking = Asking("en", "number", job.layout, PROMPT, settings)
    model = load_for_generation(job.out, job.llm, torch.float32)
    return predict(model, job.llm, problems, stored, asking)["output"].to_pylist()


def ask(folder: Path, questions: list[str] = QUESTIONS) -> list[str]:
    """The four lines."""
    model = LinguaLiftModel.from_pretrained(folder)
    processor = LinguaLiftProcessor.from_pretrained(folder)
    return processor.decode(model.generate(**processor(questions), max_new_tokens=20))


@pytest.mark.parametrize("layout", ["encoder", "templated-encoder", "text", "both"])
def test_the_processor_gives_the_answers_of_the_workflow(trained, layout: str) -> None:
    job = trained(layout)
    answers = ask(job.out)
    assert answers == workflow_answers(job)
    assert len(set(answers)) > 3, f"answers that are all alike would agree by chance: {answers}"


def code_of(card: str) -> str:
    (code,) = re.findall(r"```python\n(.*?)```", card, flags=re.DOTALL)
    return code


def printed(code: str) -> str:
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        exec(code, {})
    return output.getvalue()


@pytest.mark.parametrize("layout", ["encoder", "text"])
def test_a_models_card_shows_four_lines_that_print_the_answer_it_states(
    trained, layout: str
) -> None:
    card = (trained(layout).out / "README.md").read_text(encoding="utf-8")
    code = code_of(card)
    assert code.count("\n") == 4 and json.dumps(QUESTIONS[0]) in code
    (stated,) = re.findall(r"```text\n(.*?)```", card, flags=re.DOTALL)
    assert printed(code) == stated
    check_directory(trained(layout).out)


@pytest.mark.parametrize("train", [["alignment", "boundary"], ["llm"]])
def test_a_card_states_the_answer_of_what_is_stored_in_bfloat16(
    tmp_path: Path, llama: Path, causal_encoder: Path, train: list[str]
) -> None:
    """A frozen LLM is asked in bfloat16, a trained one in float32 after its weights are rounded."""
    job = stage(tmp_path, llama, causal_encoder)
    settings = job.stage.model_copy(update={"train": train})
    run_stage(job.model_copy(update={"bf16": True, "stage": settings}))
    card = (job.out / "README.md").read_text(encoding="utf-8")
    assert ('dtype="bfloat16"' in card) == ("llm" not in train)
    (stated,) = re.findall(r"```text\n(.*?)```", card, flags=re.DOTALL)
    assert printed(code_of(card)) == stated


def test_the_card_of_a_stage_that_asks_nothing_shows_no_question(llama: Path) -> None:
    config = LinguaLiftModel.build(str(llama)).config.to_dict()
    card = model_card(config, {"name": "warm-start", "example": {}})
    assert "```python" not in card and "asks nothing" in card


def test_the_first_task_question_is_asked_where_code_switched_text_is_learnt_too(
    tmp_path: Path, llama: Path, causal_encoder: Path
) -> None:
    from lingualift.training.asked import asked_texts

    job = stage(tmp_path, llama, causal_encoder)
    switched = StageTexts(Path("s"), None, Prompt("{question} ->", ""), Path("evidence.json"))
    silent = StageTexts(Path("w"), None, None, Path("evidence.json"))
    for data, expected in (
        ([switched, job.data[0]], job.data[0]),
        ([job.data[0], switched], job.data[0]),
        ([switched], switched),
        ([silent], None),
    ):
        assert asked_texts(job.model_copy(update={"data": data})) == expected


def test_a_self_contained_export_answers_alike_where_it_has_been_moved_to(
    tmp_path: Path, causal_encoder: Path
) -> None:
    llm, encoder = save_llama(tmp_path / "llm"), shutil.copytree(causal_encoder, tmp_path / "e")
    job = stage(tmp_path / "stage", llm, encoder)
    run_stage(job)
    expected = ask(job.out)
    export_checkpoint(job.out, tmp_path / "export")
    moved = tmp_path / "elsewhere/moved"
    moved.parent.mkdir()
    shutil.copytree(tmp_path / "export", moved)
    for folder in (llm, encoder, job.out, tmp_path / "export"):
        shutil.rmtree(folder)
    assert ask(moved) == expected
    assert not list((moved / "llm").glob("*.safetensors")), "the checkpoint holds the LLM's weights"
    assert str(tmp_path) not in (moved / "config.json").read_text()
    with contextlib.chdir(moved):
        card = (moved / "README.md").read_text()
        (stated,) = re.findall(r"```text\n(.*?)```", card, flags=re.DOTALL)
        assert printed(code_of(card)) == stated
    weights = moved / "encoder/model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    with pytest.raises(LinguaLiftError, match="damaged"):
        ask(moved)


def of_the_hub(folder: Path, name: str) -> None:
    """Say of a model folder that it was prepared from a repository of the hub."""
    about = {"source": name, "repository": f"tiny/{name}", "revision": COMMIT, "files": {}}
    about["files"] = {"model.safetensors": "0" * 64}
    (folder / "model.json").write_text(json.dumps(about))


def test_an_export_that_refers_to_the_hub_loads_pinned_commits_from_its_cache(
    tmp_path: Path, causal_encoder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = {"llm": save_llama(tmp_path / "llm")}
    models["encoder"] = shutil.copytree(causal_encoder, tmp_path / "e")
    for name, folder in models.items():
        of_the_hub(folder, name)
    job = stage(tmp_path / "stage", models["llm"], models["encoder"])
    run_stage(job)
    expected = ask(job.out)
    export_checkpoint(job.out, tmp_path / "export", self_contained=False)
    cache = tmp_path / "cache"
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(cache))
    with pytest.raises(LinguaLiftError, match=f"tiny/llm at {COMMIT} cannot be had"):
        ask(tmp_path / "export")
    for name, folder in models.items():  # as the hub's client lays out what it has fetched
        snapshot = cache / f"models--tiny--{name}/snapshots/{COMMIT}"
        snapshot.parent.mkdir(parents=True)
        folder.rename(snapshot)
    moved = (tmp_path / "export").rename(tmp_path / "moved")
    assert ask(moved) == expected
    assert sorted(path.name for path in moved.iterdir() if path.is_dir()) == []
    changed = cache / f"models--tiny--encoder/snapshots/{COMMIT}/config.json"
    changed.write_text(changed.read_text() + "\n")
    with pytest.raises(LinguaLiftError, match="another version"):
        ask(moved)


def test_a_model_that_is_not_the_hubs_is_not_referred_to(trained, tmp_path: Path) -> None:
    with pytest.raises(LinguaLiftError, match="not known as a repository of the hub"):
        export_checkpoint(trained("encoder").out, tmp_path / "x", self_contained=False)
    assert not (tmp_path / "x").exists()
    (tmp_path / "x").mkdir()
    with pytest.raises(LinguaLiftError, match="exists"):
        export_checkpoint(trained("encoder").out, tmp_path / "x")


class Hub:
    """What `push_to_hub` calls of the hub's client."""

    def __init__(self) -> None:
        self.repositories: dict[str, Any] = {}

    def create_repo(self, name: str, *, private: bool, exist_ok: bool) -> str:
        assert exist_ok
        self.repositories[name] = {"private": private}
        return f"address/{name}"

    def upload_folder(self, *, repo_id: str, folder_path: Path, commit_message: str) -> None:
        names = [path.relative_to(folder_path).as_posix() for path in folder_path.rglob("*.*")]
        self.repositories[repo_id]["files"] = sorted(names)


def test_an_export_is_pushed_whole_and_a_checkpoint_of_this_machine_is_not(
    trained, tmp_path: Path
) -> None:
    hub = Hub()
    with pytest.raises(LinguaLiftError, match="export it first"):
        push_to_hub(trained("encoder").out, "me/mine", api=hub)
    assert hub.repositories == {}
    export_checkpoint(trained("encoder").out, tmp_path / "export")
    assert push_to_hub(tmp_path / "export", "me/mine", api=hub) == "address/me/mine"
    assert hub.repositories["me/mine"]["private"]
    pushed = hub.repositories["me/mine"]["files"]
    assert {"README.md", "config.json", "llm/tokenizer.json", "encoder/model.safetensors"} <= set(
        pushed
    )


def test_questions_that_cannot_be_read_whole_are_refused(trained, llama: Path) -> None:
    processor = LinguaLiftProcessor.from_pretrained(trained("encoder").out)
    with pytest.raises(LinguaLiftError, match="question 2 is empty"):
        processor(["a", " "])
    long = "apple " * 700
    with pytest.raises(LinguaLiftError, match=r"the question .* more tokens than the 511"):
        processor([long])
    with pytest.raises(LinguaLiftError, match="no question"):
        processor([])
    with pytest.raises(LinguaLiftError, match="holds no checkpoint"):
        LinguaLiftProcessor.from_pretrained(llama / "nowhere")


def test_a_prompt_that_names_the_language_asks_for_it(trained) -> None:
    processor = LinguaLiftProcessor.from_pretrained(trained("text").out)
    naming = processor.asked_with(Prompt("{question} ({source})", ""))
    with pytest.raises(LinguaLiftError, match="language='Swahili'"):
        naming(["Habari"])
    ids = naming(["Habari"], "Swahili")["input_ids"][0].tolist()
    assert processor.tokenizer.decode(ids, skip_special_tokens=True) == "Habari (Swahili)"
    for parts in (("", ""), ("{source}", ""), ("", "{source}")):
        prompt = Prompt("{question}", parts[0], chat=True, system=parts[1])
        assert prompt.names_language == any(parts)


def test_a_checkpoint_without_a_prompt_says_why_it_cannot_be_asked(
    llama: Path, tmp_path: Path
) -> None:
    model = LinguaLiftModel.build(str(llama))
    model.save_pretrained(tmp_path)
    with pytest.raises(LinguaLiftError, match="notes no prompt"):
        LinguaLiftProcessor.from_pretrained(tmp_path)
