"""`lingualift plan`: what a row does, in words that a reader checks in a minute."""

from pathlib import Path

import pytest

from lingualift.command import main
from lingualift.plan.told import FOLDER, SHIPPED, describe_system

LANGBRIDGE = """\
langbridge-nli: LangBridge (config/config.yaml paper.yaml)
Follows kaistAI/LangBridge python_scripts/scripts/train_lb/metamath.sh.
Models: LLM llama-2-7b; encoder mt5-xl-lm-adapt; alignment layer of one linear layer, output not \
scaled to the LLM's embeddings.

Stage 1 of 2: transfer-nli
  learns: llm at 2e-05 (weight decay 0.01); all else is frozen
  data: nli (multinli) in en, at most 392,702 examples a language
  prompt nli: '{question}'
  the LLM reads: BOS, the whole prompt as text, then the response that it learns
  steps: about 9,204: 3 epochs of at most 392,702 examples in batches of 128, cosine rate after a \
warm-up over 5% of the steps

Stage 2 of 2: langbridge
  learns: alignment at 0.0006 (weight decay 0), boundary at 0.0006 (weight decay 0); all else is \
frozen
  data: nli (multinli) in en, at most 392,702 examples a language; 200,000 examples are drawn
  prompt nli, read by the encoder: '{question}'
  the LLM reads: BOS, the aligned encoder states, <enc_end>, then the response that it learns
  steps: about 1,563: one epoch of at most 200,000 examples in batches of 128, constant rate

Asked:
  table xnli: xnli in 15 languages: ar hi sw th bg vi de en es fr ru zh tr ur el
  table tatoeba: tatoeba in 45 languages: af ar be bn eu hi hy is mk ml mr sk sw ta te th bg ca cs \
da fi hr hu id ko nb pl pt ro sl sr uk vi de es fr it ja nl ru sv zh tr ur el; sentences alone, no \
prompt
  prompt, read by the encoder: '{question}'
  answers of at most 512 tokens, greedy
"""
LINES = {
    "lingualift": [
        "lingualift: LinguaLIFT (config/config.yaml)",
        "  the LLM reads: BOS, the instruction as text, <enc_start>, the aligned encoder states,"
        " <enc_end>, then the response that it learns",
    ],
    "lingualift-without-align": [
        "Stage 2 of 3: warm-start",
        "  data: the English questions of maths, each word for itself",
    ],
    "lingualift-metamath-without-align": [
        "Follows the paper, Appendix D.1.",
        "Listed with other settings, too (--configfile): config/one-gpu.yaml"
        " config/one-gpu-80.yaml.",
        "  learns: alignment at 0.0006 (weight decay 0), boundary at 0.0006 (weight decay 0),"
        " llm at 2e-05 (weight decay 0.01); all else is frozen",
    ],
    "mindmerger-nli": [
        "  data: nli-development (xnli-dev) in 15 languages: en ar bg sw th tr ur el hi zh ru vi de"
        " fr es, at most 2,490 examples a language",
        "  prompt bare, read by the encoder: '{question}'",
        "  the LLM reads: BOS, the aligned encoder states, <enc_end>, the whole prompt as text,"
        " then the response that it learns",
    ],
    "lingualift-metamath-pos-noun": [
        "  data: code-switched gsm8k (gsm8k): 0.8 of the words of 'noun' replaced, all questions in"
        " each of 50 languages: af ar be bn eu gu ha hi hy is kn lb mk ml mr ne sk sw ta te th"
        " bg ca cs da fi hr hu id ko nb pl pt ro sl sr uk vi de es fr it ja nl ru sv zh tr ur el",
        "  steps: about 4,380: 3 epochs of at most 373,650 examples in batches of 256, constant"
        " rate",
    ],
    "mono-sft-commonsense": [
        "  data: commonsense (csqa, openbookqa, arc, qasc) in en, without what xcsqa asks",
    ],
    "translate-en-metamath": [
        "  answers of at most 512 tokens, greedy; questions are first translated into English",
    ],
    "published-mammoth-7b": ["Stages: none; the published model is asked as it is."],
    "lingualift-released-metamath": [
        "  answers of at most 1024 tokens, greedy",
        "  the LLM reads: BOS, <enc_start>, the aligned encoder states, <enc_end>,"
        " then the response that it learns",
    ],
}


def test_a_row_is_told_whole() -> None:
    assert describe_system("langbridge-nli") == LANGBRIDGE


@pytest.mark.parametrize("name", LINES)
def test_what_is_peculiar_to_a_row_is_told(name: str) -> None:
    told = describe_system(name).splitlines()
    assert [line for line in LINES[name] if line not in told] == [], "\n".join(told)


def test_every_configuration_that_is_shipped_is_searched_for_a_row() -> None:
    shipped = {path.name for path in FOLDER.glob("*.yaml")} - {"config.yaml", "sources.yaml"}
    assert {name for overlays in SHIPPED for name in overlays} == shipped


def test_overlays_change_what_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    overlay = tmp_path / "mine.yaml"
    overlay.write_text("stages: {transfer: {learning_rate: 3.0e-5}}\n")
    files = ["--configfile", str(FOLDER / "paper.yaml"), "--configfile", str(overlay)]
    assert main(["plan", "--system", "mono-sft-metamath", *files]) == 0
    told = capsys.readouterr().out
    assert told.startswith("mono-sft-metamath: Mono-SFT (MetaMath) (config/config.yaml paper.yaml")
    assert "learns: llm at 3e-05" in told


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--system", "lingualft"], "unknown system 'lingualft'; did you mean 'lingualift'?"),
        (["--system", "mono-sft", "--configfile", "none.yaml"], "none.yaml: cannot be read"),
        (
            ["--system", "qalign-nli", "--configfile", str(FOLDER / "gsm8k.yaml")],
            "stage 'question-translation': unknown data 'parallel-nli'; did you mean",
        ),
    ],
)
def test_a_mistake_is_one_line(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plan", *arguments]) == 1
    printed = capsys.readouterr()
    assert printed.out == "" and message in printed.err and printed.err.count("\n") == 1
