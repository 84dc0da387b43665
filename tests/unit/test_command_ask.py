"""`lingualift ask`: answers equal those of Transformers' own search, mistakes are one line."""

import io
import json
import sys
from pathlib import Path

import pytest
import torch
from transformers.utils.logging import disable_progress_bar

from lingualift import machine
from lingualift.artifacts import write_json
from lingualift.command import main
from lingualift.evaluation.ask import PROMPTS
from lingualift.model.encoder import Encoder
from lingualift.model.frozen import encoder_reference
from lingualift.model.layout import END, START, STATE, TEXT, load_tokenizer
from lingualift.model.modeling import LinguaLiftModel

QUESTION = "Ana tiene 14 manzanas."


@pytest.fixture
def checkpoint(llama: Path, causal_encoder: Path, tmp_path: Path, monkeypatch) -> Path:
    """A checkpoint as a stage leaves it, over tiny models."""
    monkeypatch.setattr(machine, "dtype", lambda precision: torch.float32)
    disable_progress_bar()  # as the command has it, which imports Transformers itself
    torch.manual_seed(5)
    noted = encoder_reference(causal_encoder, 2)
    width = Encoder(causal_encoder, 2, torch.float32).dim
    model = LinguaLiftModel.build(str(llama), noted, width, 2, "gelu", True)
    model.trainable(["alignment", "boundary"])
    folder = tmp_path / "checkpoint"
    model.save_pretrained(folder)
    settings = {"input": "encoder", "stage": {"input": None, "prompt": "maths"}}
    write_json(folder / "stage.json", {"provenance": {"settings": settings}})
    return folder


def expected(checkpoint: Path, llama: Path, causal_encoder: Path, instruction: str) -> str:
    """BOS, the instruction, <enc_start>, a state a token, <enc_end>, answered by Transformers."""
    tokenizer = load_tokenizer(llama)
    states = Encoder(causal_encoder, 2, torch.float32).states([QUESTION])[0]
    text = tokenizer(instruction, add_special_tokens=False)["input_ids"]
    middle = [START] + [STATE] * len(states) + [END]
    segments = torch.tensor([[TEXT] * (1 + len(text)) + middle])
    ids = torch.tensor([[0, *text] + [0] * len(middle)])
    model = LinguaLiftModel.from_pretrained(checkpoint).eval()
    new = model.generate(
        ids,
        torch.ones_like(ids),
        segments,
        torch.from_numpy(states),
        max_new_tokens=6,
        do_sample=False,
        eos_token_id=1,
        pad_token_id=2,
    )[0]
    return tokenizer.decode(new, skip_special_tokens=True).strip()


def test_an_answer_is_that_of_transformers_own_search(
    checkpoint: Path, llama: Path, causal_encoder: Path, capsys
) -> None:
    arguments = ["ask", str(checkpoint), QUESTION, "--max-new-tokens", "6", "--json"]
    assert main(arguments) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["answer"] == expected(checkpoint, llama, causal_encoder, "Solve:\n")
    read = Encoder(causal_encoder, 2, torch.float32).states([QUESTION])[0]
    assert len(answer["encoder_tokens"]) == len(read)
    assert main([*arguments, "--prompt", "{question} Say", "--instruction", "Translate "]) == 0
    said = json.loads(capsys.readouterr().out)["answer"]
    assert said == expected(checkpoint, llama, causal_encoder, "Translate ")


def test_questions_on_standard_input_are_answered_in_turn(
    checkpoint: Path, monkeypatch, capsys
) -> None:
    text = io.TextIOWrapper(io.BytesIO(f"{QUESTION}\n\n".encode()))
    monkeypatch.setattr(sys, "stdin", text)
    assert main(["ask", str(checkpoint), "--max-new-tokens", "3", "--json"]) == 1
    captured = capsys.readouterr()
    assert json.loads(captured.out)["question"] == QUESTION
    assert captured.err == ("lingualift: error: standard input, line 2: the question is empty\n")


def test_mistakes_are_one_line_each(checkpoint: Path, llama: Path, tmp_path: Path, capsys) -> None:
    def refused(*arguments: str) -> str:
        assert main(["ask", *arguments]) == 1
        captured = capsys.readouterr()
        assert captured.out == "" and captured.err.count("\n") == 1
        return captured.err

    assert "the question is empty" in refused(str(checkpoint), "  ")
    long = "manzanas " * 600
    line = refused(str(checkpoint), long)
    assert "tokens; the encoder reads 511" in line or "tokens; the encoder reads 512" in line
    assert "no checkpoint of LinguaLIFT" in refused(str(llama), QUESTION)
    other = tmp_path / "other"
    other.mkdir()
    (other / "config.json").write_bytes((llama / "config.json").read_bytes())
    (other / "stage.json").write_bytes((checkpoint / "stage.json").read_bytes())
    assert "a model of kind 'llama', no checkpoint of LinguaLIFT" in refused(str(other), QUESTION)
    prompt = "From {source}: {question}"
    assert "say --language" in refused(str(checkpoint), QUESTION, "--prompt", prompt)
    moved = refused(str(checkpoint), QUESTION, "--encoder", str(tmp_path / "gone"))
    assert "gone is not there" in moved


def test_the_prompts_are_those_of_the_default_configuration() -> None:
    import yaml

    root = Path(__file__).parents[2]
    written = yaml.safe_load((root / "config/config.yaml").read_text())["prompts"]
    assert written == {
        name: {"template": prompt.template, "instruction": prompt.instruction}
        for name, prompt in PROMPTS.items()
    }
