"""The model: input layout of equation (4), frozen parts, checkpoints, cached against live encoder
states.
"""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, AutoTokenizer

from lingualift.messages import LinguaLiftError
from lingualift.model import modeling
from lingualift.model.encoder import Encoder
from lingualift.model.layout import (
    END,
    IGNORE,
    LAYOUTS,
    START,
    STATE,
    TEXT,
    Prompt,
    compose,
    reads_question,
    special_ids,
)
from lingualift.model.modeling import LinguaLiftModel
from lingualift.model.states import as_tensor, load_states
from lingualift.training.batches import collate

PROMPT = Prompt("{question}\nAnswer:", "Solve the problem. ")
QUESTIONS = ["Maria has 14 apples.", "Ana tiene 9 manzanas y 5 Bücher.", "मारिया"]


def bridged(
    llama: Path, encoder: Encoder, layers: int = 2, normalise: bool = True
) -> LinguaLiftModel:
    torch.manual_seed(1)
    return LinguaLiftModel.build(
        str(llama),
        {"path": "e", "fingerprint": "f", "layer": None},
        encoder.dim,
        layers,
        "gelu",
        normalise,
    ).eval()


@pytest.fixture(scope="module")
def encoder(causal_encoder: Path) -> Encoder:
    return Encoder(causal_encoder, layer=2, dtype=torch.float32)


def test_layout_is_the_papers_equation_4_token_by_token(llama: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(llama)
    bos, eos, _ = special_ids(tokenizer)
    instruction = tokenizer(PROMPT.instruction, add_special_tokens=False)["input_ids"]
    response = tokenizer("23", add_special_tokens=False)["input_ids"]
    composed = compose(LAYOUTS["encoder"], tokenizer, PROMPT, "unused", states=3, response="23")
    assert composed.segments.tolist() == [TEXT] * (1 + len(instruction)) + [
        START,
        STATE,
        STATE,
        STATE,
        END,
    ] + [TEXT] * (len(response) + 1)
    assert composed.ids.tolist()[: 1 + len(instruction)] == [bos, *instruction]
    assert composed.labels.tolist() == [IGNORE] * (len(composed) - len(response) - 1) + [
        *response,
        eos,
    ]


def test_text_and_merged_layouts_put_the_prompt_where_the_baselines_put_it(llama: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(llama)
    prompt = tokenizer("Q?\nAnswer:", add_special_tokens=False)["input_ids"]
    text = compose(LAYOUTS["text"], tokenizer, PROMPT, "Q?")
    both = compose(LAYOUTS["both"], tokenizer, PROMPT, "Q?", states=2)
    assert text.ids.tolist()[1:] == prompt
    # MindMerger, modeling_mindmerger.py: BOS, mapped states, one end vector, prompt
    assert both.segments.tolist() == [TEXT, STATE, STATE, END] + [TEXT] * len(prompt)
    assert both.ids.tolist()[4:] == prompt


RELEASED = {
    # LinguaLIFT: data/processors/lb.py keeps BOS and the response, model/alignment_modules.py's
    # FFNWithAddedBosEos puts a vector on each side of the states
    "templated-encoder": [TEXT, START, STATE, STATE, STATE, END],
    # LangBridge: langbridge/alignment_modules.py's LinearWithAddedEos adds one vector behind them
    "templated-encoder-end": [TEXT, STATE, STATE, STATE, END],
}


@pytest.mark.parametrize("layout", RELEASED)
def test_released_layouts_give_the_llm_bos_states_and_response_alone(
    layout: str, llama: Path
) -> None:
    tokenizer = AutoTokenizer.from_pretrained(llama)
    bos, eos, _ = special_ids(tokenizer)
    response = tokenizer("23", add_special_tokens=False)["input_ids"]
    composed = compose(LAYOUTS[layout], tokenizer, PROMPT, "Q?", states=3, response="23")
    before = RELEASED[layout]
    assert composed.segments.tolist() == before + [TEXT] * (len(response) + 1)
    assert composed.ids[0] == bos and composed.ids.tolist()[len(before) :] == [*response, eos]
    assert composed.labels.tolist() == [IGNORE] * len(before) + [*response, eos]
    assert PROMPT.encoded(layout, "Q?") == "Q?\nAnswer:"  # the whole templated prompt
    assert not reads_question(layout, PROMPT)
    assert reads_question(layout, Prompt("{question}", ""))


@pytest.mark.parametrize("layout", [name for name in LAYOUTS if name not in RELEASED])
def test_other_layouts_encode_the_question_alone(layout: str) -> None:
    assert PROMPT.encoded(layout, "Q?") == "Q?" and reads_question(layout, PROMPT)


def test_an_alignment_layer_that_is_not_scaled_gives_what_its_mlp_gives(
    llama: Path, encoder: Encoder
) -> None:
    known = {"path": "e", "fingerprint": "f", "layer": 2}
    models = []
    for scaled in (True, False):
        torch.manual_seed(0)
        sizes = (encoder.dim, 2, "gelu", False, scaled)
        models.append(LinguaLiftModel.build(str(llama), known, *sizes))
    deviation = float(models[0].embedding_table().detach().float().std())
    states = torch.randn(5, encoder.dim)
    for model in models:
        assert model.alignment is not None
        model.alignment.measure(states, model.embedding_table())
    scaled, plain = (model.alignment(states) for model in models)
    torch.testing.assert_close(plain * deviation, scaled)
    torch.testing.assert_close(plain, models[1].alignment.mlp(states))
    torch.testing.assert_close(models[1].boundary * deviation, models[0].boundary)
    assert abs(float(models[1].boundary.std()) - 1) < 0.3  # torch.randn, as both repositories


def test_embeddings_hold_boundary_vectors_and_aligned_states_in_reading_order(
    llama: Path, encoder: Encoder
) -> None:
    tokenizer = AutoTokenizer.from_pretrained(llama)
    model = bridged(llama, encoder)
    states = encoder.encode(QUESTIONS)
    examples = [
        compose(LAYOUTS["encoder"], tokenizer, PROMPT, question, int(count))
        for question, count in zip(QUESTIONS, states.counts(), strict=True)
    ]
    batch = collate(examples, pad=2)
    embedded = model.embed(batch["input_ids"], batch["segments"], torch.from_numpy(states.rows()))
    assert model.alignment is not None
    for row, example in enumerate(examples):
        where = np.flatnonzero(example.segments == STATE)
        torch.testing.assert_close(
            embedded[row, where], model.alignment(torch.from_numpy(states.of(row)))
        )
        torch.testing.assert_close(embedded[row, where[0] - 1], model.boundary[0])
        torch.testing.assert_close(embedded[row, where[-1] + 1], model.boundary[1])
        torch.testing.assert_close(
            embedded[row, 0], model.get_input_embeddings().weight[example.ids[0]]
        )


def test_loss_equals_transformers_own_and_does_not_depend_on_padding(llama: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(llama)
    model = LinguaLiftModel.build(str(llama)).eval()
    examples = [
        compose(LAYOUTS["text"], tokenizer, PROMPT, question, response=" 14 + 9 = 23")
        for question in QUESTIONS
    ]
    batch = collate(examples, pad=2)
    reference = AutoModelForCausalLM.from_pretrained(llama).eval()
    expected = reference(
        input_ids=batch["input_ids"], attention_mask=batch["attention_mask"], labels=batch["labels"]
    ).loss
    torch.testing.assert_close(model(**batch)["loss"], expected, rtol=1e-5, atol=1e-6)
    labels = sum(int((example.labels != IGNORE).sum()) for example in examples)
    singles = [
        model(**collate([example], pad=2), num_items_in_batch=labels)["loss"]
        for example in examples
    ]
    torch.testing.assert_close(sum(singles), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_alignment_layer_has_the_papers_sizes(layers: int, llama: Path, encoder: Encoder) -> None:
    model = bridged(llama, encoder, layers)
    assert model.alignment is not None
    sizes = [
        module.weight.shape for module in model.alignment.mlp if isinstance(module, torch.nn.Linear)
    ]
    width = 2 * encoder.dim
    assert (
        sizes
        == {
            1: [(32, 24)],
            2: [(width, 24), (32, width)],
            3: [(width, 24), (width, width), (32, width)],
        }[layers]
    )


def test_only_the_named_modules_receive_gradients(llama: Path, encoder: Encoder) -> None:
    tokenizer = AutoTokenizer.from_pretrained(llama)
    model = bridged(llama, encoder)
    states = encoder.encode(QUESTIONS)
    examples = [
        compose(LAYOUTS["encoder"], tokenizer, PROMPT, "", int(count), " 5")
        for count in states.counts()
    ]
    for modules in (["alignment", "boundary"], ["llm"], ["alignment", "boundary", "llm"]):
        model.trainable(modules)
        model.zero_grad(set_to_none=True)
        model(**collate(examples, pad=2), encoder_states=torch.from_numpy(states.rows()))[
            "loss"
        ].backward()
        with_gradient = {
            name.split(".")[0]
            for name, parameter in model.named_parameters()
            if parameter.grad is not None and parameter.grad.abs().sum() > 0
        }
        assert with_gradient == set(modules)


def test_checkpoint_holds_only_what_was_trained_and_loads_to_the_same_logits(
    llama: Path, encoder: Encoder, tmp_path: Path
) -> None:
    from safetensors import safe_open

    tokenizer = AutoTokenizer.from_pretrained(llama)
    model = bridged(llama, encoder)
    model.trainable(["alignment", "boundary"])
    model.save_pretrained(tmp_path / "one")
    with safe_open(tmp_path / "one/model.safetensors", framework="pt") as weights:
        assert {name.split(".")[0] for name in weights.keys()} == {"alignment", "boundary"}
    states = encoder.encode(QUESTIONS[:1])
    batch = collate(
        [compose(LAYOUTS["encoder"], tokenizer, PROMPT, "", int(states.counts()[0]))], pad=2
    )
    again = LinguaLiftModel.from_pretrained(tmp_path / "one").eval()
    given = {"encoder_states": torch.from_numpy(states.rows())}
    torch.testing.assert_close(
        again(**batch | {"labels": None}, **given)["logits"],
        model(**batch | {"labels": None}, **given)["logits"],
    )
    again.trainable(["llm"])
    again.save_pretrained(tmp_path / "two")
    with safe_open(tmp_path / "two/model.safetensors", framework="pt") as weights:
        names = set(weights.keys())
    assert {name.split(".")[0] for name in names} == {"alignment", "boundary", "llm"}
    assert not {"llm.lm_head.weight", "llm.model.embed_tokens.weight"} <= names, (
        "tied weights are stored once"
    )


def test_a_trained_llm_is_built_without_reading_the_weights_that_it_was_trained_from(
    llama: Path, tmp_path: Path, monkeypatch
) -> None:
    model = LinguaLiftModel.build(str(llama)).eval()
    model.trainable(["llm"])
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += torch.randn(parameter.shape) / 50
    model.save_pretrained(tmp_path)
    monkeypatch.setattr(modeling, "pretrained_llm", None)  # reads the folder's own
    for dtype in (torch.float32, torch.bfloat16):
        again = LinguaLiftModel.from_pretrained(tmp_path, dtype=dtype).eval()
        expected = model.to(dtype).state_dict()
        for name, tensor in again.state_dict().items():
            assert tensor.dtype == dtype and torch.equal(tensor, expected[name]), name
    ids = torch.tensor([[0, 10, 11, 12]])
    assert torch.equal(again(ids)["logits"], model(ids)["logits"]), "buffers are in place, too"


def test_a_stage_that_leaves_the_llm_alone_keeps_none_of_its_weights(
    llama: Path, encoder: Encoder, tmp_path: Path
) -> None:
    """A chain: the LLM learns, then twice the alignment layer, then the LLM again."""
    model = bridged(llama, encoder)
    model.trainable(["llm"])
    with torch.no_grad():
        model.embedding_table().add_(0.01)
    model.save_pretrained(tmp_path / "0")
    for number in (1, 2):
        model = LinguaLiftModel.from_pretrained(tmp_path / str(number - 1))
        model.trainable(["alignment", "boundary"])
        with torch.no_grad():
            model.boundary.add_(0.1)
        expected = {name: tensor.clone() for name, tensor in model.state_dict().items()}
        folder = tmp_path / str(number)
        model.save_pretrained(folder)
        linked = folder / "llm.safetensors"
        assert linked.samefile(tmp_path / "0/model.safetensors")
        own = load_file(folder / "model.safetensors")
        assert {name.split(".")[0] for name in own} == {"alignment", "boundary"}
        again = LinguaLiftModel.from_pretrained(folder)
        assert all(
            torch.equal(tensor, expected[name]) for name, tensor in again.state_dict().items()
        )
        resumed = bridged(llama, encoder)
        resumed.load_trained(folder)
        assert torch.equal(resumed.embedding_table(), again.embedding_table())
    shutil.rmtree(tmp_path / "0")  # a checkpoint needs no other
    model = LinguaLiftModel.from_pretrained(tmp_path / "2")
    model.trainable(["llm"])
    model.save_pretrained(tmp_path / "3")
    assert not (tmp_path / "3/llm.safetensors").exists()
    assert "llm.model.norm.weight" in load_file(tmp_path / "3/model.safetensors")


def test_an_llm_that_takes_in_adapters_is_written_anew(llama: Path, tmp_path: Path) -> None:
    model = LinguaLiftModel.build(str(llama))
    model.trainable(["llm"])
    model.save_pretrained(tmp_path / "0")
    model = LinguaLiftModel.from_pretrained(tmp_path / "0")
    model.trainable(["llm-lora"])
    model.save_pretrained(tmp_path / "1")
    assert (tmp_path / "1/llm.safetensors").is_file()
    assert all("lora" in name for name in load_file(tmp_path / "1/model.safetensors"))
    model = LinguaLiftModel.from_pretrained(tmp_path / "1")
    model.merge_lora()
    model.save_pretrained(tmp_path / "2")
    assert not (tmp_path / "2/llm.safetensors").exists()
    assert "llm.model.norm.weight" in load_file(tmp_path / "2/model.safetensors")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda tensors: tensors.pop("llm.model.norm.weight"), "lacks tensor 'llm.model.norm"),
        (
            lambda tensors: tensors.update({"llm.model.norm.weight": torch.ones(3)}),
            "tensor 'llm.model.norm.weight' does not fit",
        ),
        (lambda tensors: tensors.update({"llm.x": torch.ones(3)}), "tensor 'llm.x' does not fit"),
    ],
)
def test_a_trained_llm_of_other_tensors_is_refused(
    llama: Path, tmp_path: Path, change, message: str
) -> None:
    model = LinguaLiftModel.build(str(llama))
    model.trainable(["llm"])
    model.save_pretrained(tmp_path)
    tensors = load_file(tmp_path / "model.safetensors")
    change(tensors)
    save_file(tensors, tmp_path / "model.safetensors")
    with pytest.raises(LinguaLiftError, match=message):
        LinguaLiftModel.from_pretrained(tmp_path)


def test_checkpoint_is_refused_when_its_frozen_llm_changed(
    llama: Path, encoder: Encoder, tmp_path: Path
) -> None:
    import json

    model = bridged(llama, encoder)
    model.trainable(["alignment"])
    model.save_pretrained(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    config["llm"]["fingerprint"] = "0" * 64
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(LinguaLiftError, match="another version"):
        LinguaLiftModel.from_pretrained(tmp_path)


def test_encoder_layer_equals_the_full_models_hidden_state(
    causal_encoder: Path, encoder: Encoder
) -> None:
    full = AutoModelForCausalLM.from_pretrained(causal_encoder).eval()
    ids, _ = encoder.tokenize(QUESTIONS[:1])
    with torch.inference_mode():
        hidden = full(
            torch.tensor([[encoder.tokenizer.bos_token_id, *ids[0]]]), output_hidden_states=True
        ).hidden_states[2][0, 1:]
    np.testing.assert_allclose(encoder.states(QUESTIONS[:1])[0], hidden.numpy(), atol=1e-5)


def test_a_texts_states_do_not_depend_on_its_neighbours_and_stored_ones_equal_live_ones(
    encoder: Encoder, tmp_path: Path
) -> None:
    together = encoder.encode([*QUESTIONS, QUESTIONS[0]])
    for index, question in enumerate(QUESTIONS):
        np.testing.assert_allclose(together.of(index), encoder.encode([question]).rows(), atol=1e-5)
    np.testing.assert_array_equal(together.of(0), together.of(3))
    encoder.store(tmp_path / "s", QUESTIONS)
    stored = load_states(tmp_path / "s", QUESTIONS)
    torch.testing.assert_close(
        as_tensor(stored.rows()).float(),
        torch.from_numpy(encoder.encode(QUESTIONS).rows()),
        rtol=1e-2,
        atol=1e-2,
    )
    with pytest.raises(LinguaLiftError, match="other texts"):
        load_states(tmp_path / "s", QUESTIONS[:2])


def test_a_layer_that_the_encoder_does_not_have_is_refused(causal_encoder: Path) -> None:
    with pytest.raises(LinguaLiftError, match="1 to 3"):
        Encoder(causal_encoder, layer=9)


def test_a_tokenizer_without_bos_is_refused() -> None:
    class Bare:
        bos_token_id, eos_token_id, pad_token_id, name_or_path = None, 1, 2, "bare"

    with pytest.raises(LinguaLiftError, match="no BOS"):
        special_ids(Bare())
