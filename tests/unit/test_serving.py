"""The seam between predictions and a serving engine: a fake vLLM, which answers with Transformers'
own greedy search from the folder and the prompt embeddings that it is given, gives the predictions
of this project's loop.
"""

import json
import shutil
import sys
from collections import Counter
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
import torch
from transformers import AutoModelForCausalLM

from lingualift import machine
from lingualift.benchmarks.base import Problem
from lingualift.config import Evaluation
from lingualift.evaluation import engines
from lingualift.evaluation.engines import SERVED_FOLDER, TransformersEngine, VllmEngine
from lingualift.evaluation.generate import ComposedInputs
from lingualift.evaluation.predict import Asking, predict
from lingualift.messages import LinguaLiftError
from lingualift.model.encoder import Encoder
from lingualift.model.layout import LAYOUTS, Prompt, compose, load_tokenizer
from lingualift.model.modeling import LinguaLiftModel
from lingualift.model.states import States

PROBLEMS = [
    Problem(f"p{number}", f"Maria has {number} apples" + " and pears" * (number % 4), "3")
    for number in range(12)
]


class FakeServer:
    """`vllm.LLM` as far as it is used: no padding, no batches, no code of this project."""

    calls: list[int]

    def __init__(self, model: str, tokenizer: str, dtype: str, **settings: object) -> None:
        assert settings == {"enable_prompt_embeds": True, "seed": 0} and dtype == "float32"
        assert Path(tokenizer, "tokenizer.json").is_file()
        self.llm = AutoModelForCausalLM.from_pretrained(model).eval()
        FakeServer.calls = []

    def generate(self, prompts, sampling, use_tqdm: bool):
        FakeServer.calls.append(len(prompts))
        assert sampling.temperature == 0.0 and not sampling.detokenize and not use_tqdm
        return [self._one(prompt["prompt_embeds"], sampling) for prompt in prompts]

    def _one(self, embeddings: torch.Tensor, sampling) -> SimpleNamespace:
        ids = self.llm.generate(
            inputs_embeds=embeddings[None],
            attention_mask=torch.ones(1, len(embeddings), dtype=torch.long),
            max_new_tokens=sampling.max_tokens,
            do_sample=False,
            eos_token_id=sampling.stop_token_ids,
            pad_token_id=2,
        )[0].tolist()
        return SimpleNamespace(outputs=[SimpleNamespace(token_ids=ids)])


@pytest.fixture
def fake_vllm(monkeypatch) -> None:
    module = ModuleType("vllm")
    module.LLM = FakeServer
    module.SamplingParams = lambda **values: SimpleNamespace(**values)
    monkeypatch.setitem(sys.modules, "vllm", module)
    monkeypatch.setattr(machine.importlib.util, "find_spec", lambda name: module)


def built(llama: Path, causal_encoder: Path) -> tuple[LinguaLiftModel, Encoder]:
    encoder = Encoder(causal_encoder, 2, torch.float32)
    torch.manual_seed(5)
    noted = {"path": "e", "fingerprint": "f", "layer": 2}
    return LinguaLiftModel.build(str(llama), noted, encoder.dim, 2, "gelu", True).eval(), encoder


def answers_of(
    model: LinguaLiftModel, llm: Path, states: States, asking: Asking
) -> list[list[int]]:
    tokenizer = load_tokenizer(llm)
    composed = [
        compose(LAYOUTS["encoder"], tokenizer, asking.prompt, problem.question, int(count))
        for problem, count in zip(PROBLEMS, states.counts(), strict=True)
    ]
    engine = TransformersEngine(model, None)
    batches = engine.answer(ComposedInputs(composed, states, 2), [1], 10)
    return [ids for batch in batches for _, ids, _ in batch]


@pytest.mark.parametrize("trained", [False, True])
def test_a_serving_engine_gives_the_predictions_of_this_projects_loop(
    fake_vllm, monkeypatch, llama: Path, causal_encoder: Path, tmp_path: Path, trained: bool
):
    monkeypatch.setattr(engines, "SERVED", 5)
    model, encoder = built(llama, causal_encoder)
    if trained:
        model.trainable(["llm"])
        with torch.no_grad():
            for parameter in model.llm.parameters():
                parameter += torch.randn(parameter.shape) / 20
    model.requires_grad_(False)
    states = encoder.encode([problem.question for problem in PROBLEMS])
    asking = Asking(
        "en",
        "number",
        "encoder",
        Prompt("{question}\nAnswer:", "Solve. "),
        Evaluation(max_new_tokens=10, batch=5),
    )
    folder = tmp_path / "llm"  # ends where this model's answers get to, which random ones do not
    shutil.copytree(llama, folder)
    tokens = [set(ids) for ids in answers_of(model, llama, states, asking)]
    shared = Counter(token for answer in tokens for token in answer)
    end = min(shared, key=lambda token: shared[token])
    (folder / "generation_config.json").write_text(json.dumps({"eos_token_id": [end]}))
    expected = predict(model, folder, PROBLEMS, states, asking)
    engine = VllmEngine(model, folder, tmp_path)
    found = predict(model, folder, PROBLEMS, states, asking, tmp_path / "partial", None, engine)
    assert found.equals(expected)
    assert set(expected["stop_reason"].to_pylist()) == ({"end", "length"} if trained else {"end"})
    assert FakeServer.calls == [5, 5, 2]
    assert (tmp_path / SERVED_FOLDER).is_dir() == trained
    again = predict(model, folder, PROBLEMS, states, asking, tmp_path / "partial", None, engine)
    assert again.equals(expected) and FakeServer.calls == [5, 5, 2], "stored answers are taken"


def test_only_generated_answers_are_served():
    likelihood = Evaluation(max_new_tokens=4, choices="likelihood")
    generation = Evaluation(max_new_tokens=4)
    kinds = ("number", "choice", "neighbour")
    assert [generation.generates(kind) for kind in kinds] == [True, True, False]
    assert [likelihood.generates(kind) for kind in kinds] == [True, False, False]


def test_an_engine_that_is_not_installed_is_one_line_and_never_imported():
    assert "vllm" not in sys.modules
    with pytest.raises(LinguaLiftError) as error:
        engines.import_vllm()
    message = str(error.value)
    assert message.startswith("evaluation.engine is vllm, which is not installed here; ")
    assert "envs/vllm.yaml" in message and "\n" not in message and "vllm" not in sys.modules
    machine.require_engine("transformers")
