"""Every architecture family takes a training step, as the LLM and as the encoder, is saved, loaded
and answers, and a cached encoder equals a live one.
"""

import json
import re
import shutil
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pytest
import torch
from transformers import AutoConfig, AutoModel, AutoModelForCausalLM, PreTrainedModel

from lingualift.evaluation import prefill
from lingualift.evaluation.generate import ComposedInputs, greedy
from lingualift.messages import LinguaLiftError
from lingualift.model import packed
from lingualift.model.encoder import Backbone, Encoder
from lingualift.model.encoder_tokenizer import EncoderTokenizer
from lingualift.model.frozen import encoder_reference, reference
from lingualift.model.layout import LAYOUTS, Composed, Prompt, compose, load_tokenizer, special_ids
from lingualift.model.modeling import LinguaLiftModel
from lingualift.model.prepare import prepare_model
from lingualift.model.processor import LinguaLiftProcessor
from lingualift.model.states import States, Tokens
from lingualift.model.trained import trained_state
from lingualift.model.weights import pretrained_llm
from lingualift.training.batches import Cutting, PlannedBatches, collate
from lingualift.training.language_modelling import train_language_modelling
from tests.conftest import save_tokenizer
from tests.unit.test_language_tokens import SOURCE, TOKENS, nllb
from tests.unit.test_training import language_modelling_job

PROMPT = Prompt("{question}\nAnswer:", "Solve. ")
QUESTIONS = [
    "Maria has 14 apples.",
    "Ana tiene 9 manzanas y 5 Bücher.",
    "मारिया",
    "How many apples does Maria have now?",
]
LANGUAGES = ["en", "sw", "sw", "en"]
"""What they are marked with by an encoder that marks languages; others leave it."""

DECODER = {
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
}
T5 = {"d_model": 24, "d_kv": 6, "d_ff": 32, "num_layers": 2, "num_heads": 4}
BERT = {
    "hidden_size": 24,
    "intermediate_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
}
LLMS: dict[str, dict[str, Any]] = {
    "llama": DECODER,
    "mistral": DECODER,
    "olmo2": DECODER,
    "qwen2": DECODER,
    "qwen3": {**DECODER, "head_dim": 8},
    "gemma2": {**DECODER, "head_dim": 8, "query_pre_attn_scalar": 8},
    "gemma3_text": {**DECODER, "head_dim": 8, "query_pre_attn_scalar": 8, "sliding_window": 16},
    "gemma3": {  # as from 4B on: the same network beside one for images, which is left alone
        "text_config": {
            **DECODER,
            "head_dim": 8,
            "query_pre_attn_scalar": 8,
            "sliding_window": 16,
        },
        "vision_config": {**BERT, "image_size": 28, "patch_size": 14},
        "mm_tokens_per_image": 4,
    },
}
ENCODERS: dict[str, tuple[dict[str, Any], int | None]] = {
    "mt5": (T5, None),
    "umt5": (T5, None),
    "bert": (BERT, None),
    "xlm-roberta": ({**BERT, "max_position_embeddings": 514}, 1),  # also multilingual E5, BGE-M3
    "modernbert": ({**BERT, "num_hidden_layers": 3}, 2),  # mmBERT
    "m2m_100": (  # NLLB
        {
            "d_model": 24,
            "encoder_layers": 2,
            "decoder_layers": 1,
            "encoder_ffn_dim": 32,
            "decoder_ffn_dim": 32,
            "encoder_attention_heads": 4,
            "decoder_attention_heads": 4,
        },
        None,
    ),
    "xlm": (
        {"emb_dim": 24, "n_layers": 2, "n_heads": 4, "use_lang_emb": False, "causal": False},
        None,
    ),
    "gemma3_text": (
        {
            **DECODER,
            "hidden_size": 24,
            "head_dim": 6,
            "query_pre_attn_scalar": 6,
            "num_hidden_layers": 3,
        },
        2,
    ),
    "qwen2": ({**DECODER, "hidden_size": 24}, 1),
}


def save(folder: Path, family: str, sizes: dict[str, Any], causal: bool) -> Path:
    from transformers import AutoConfig

    if (folder / "config.json").is_file():
        return folder
    size = save_tokenizer(folder)
    torch.manual_seed(1)
    special = {"vocab_size": size, "bos_token_id": 0, "eos_token_id": 1, "pad_token_id": 2}
    if "text_config" in sizes:
        config = AutoConfig.for_model(
            family, **{**sizes, "text_config": {**sizes["text_config"], **special}}
        )
    else:
        config = AutoConfig.for_model(family, **special, **sizes)
    (AutoModelForCausalLM if causal else AutoModel).from_config(config).save_pretrained(folder)
    return folder


def encoder_folder(root: Path, family: str) -> tuple[Path, int | None]:
    sizes, layer = ENCODERS[family]
    folder = root / f"encoder-{family}"
    if family == "m2m_100":
        if not folder.is_dir():
            prepare_model(SOURCE, nllb(root / "nllb", sizes), folder, language_tokens=TOKENS)
        return folder, layer
    return save(folder, family, sizes, family in LLMS), layer


def one_step(
    llm: Path, folder: Path, layer: int | None, modules: list[str], work: Path, live: bool = False
) -> LinguaLiftModel:
    encoder = Encoder(folder, layer, torch.float32)
    torch.manual_seed(2)
    model = LinguaLiftModel.build(
        str(llm), encoder_reference(folder, layer), encoder.dim, 2, "gelu", False
    )
    made = encoder.tokenize.tokens if live else encoder.encode
    states = made(QUESTIONS, languages=LANGUAGES)
    tokenizer = load_tokenizer(llm)
    examples = [
        compose(LAYOUTS["encoder"], tokenizer, PROMPT, "", int(count), " 23")
        for count in states.counts()
    ]
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    job = language_modelling_job(work / "out", modules, batch=4, learning_rate=1e-2)
    record = train_language_modelling(job, model, examples, states, special_ids(tokenizer)[2])
    assert np.isfinite(record["losses"][-1]["loss"])
    after = model.state_dict()
    changed = {
        name.split(".")[0]
        for name, tensor in before.items()
        if not torch.equal(tensor, after[name])
    }
    assert changed == set(modules) - {"encoder", "llm-lora"}
    return model


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("families")


@pytest.mark.parametrize("family", LLMS)
def test_every_llm_family_takes_a_step_is_saved_and_loaded_and_answers(
    family: str, root: Path, causal_encoder: Path, tmp_path: Path
) -> None:
    llm = save(root / family, family, LLMS[family], True)
    model = one_step(llm, causal_encoder, 2, ["alignment", "boundary", "llm"], tmp_path)
    assert model.config.trained == ["alignment", "boundary", "llm"]
    model.trainable(["llm"], freeze_layers=1)
    learning = " ".join(name for name, value in model.llm.named_parameters() if value.requires_grad)
    assert set(re.findall(r"layers\.(\d+)", learning)) == {"1"}  # the second of two layers
    model.save_pretrained(tmp_path / "saved")
    again = LinguaLiftModel.from_pretrained(tmp_path / "saved").eval()
    answers(again, model.eval())


def answers(model: LinguaLiftModel, same: LinguaLiftModel) -> None:
    """What a model says is what Transformers' own loop says of the `same`, whether or not the
    beginning of all prompts, longer than a sliding window, is read once; it ends at any of several
    end tokens.
    """
    with torch.no_grad():  # else they repeat the last token of a prompt, whatever comes before
        for each in (model, same):
            for name, parameter in each.llm.named_parameters():
                if "proj" in name:
                    parameter *= 10
    tokenizer = load_tokenizer(model.config.llm["path"])
    prompt = Prompt(f"{' '.join(QUESTIONS)}\n{{question}}\nAnswer:", "")
    composed = [compose(LAYOUTS["text"], tokenizer, prompt, text) for text in QUESTIONS]
    inputs = ComposedInputs(composed, None, 2)
    chosen = inputs.longest_first()
    batches = inputs.batches(chosen, torch.device("cpu"))
    whole = inputs.batch(chosen, torch.device("cpu"))
    expected = same.generate(
        whole["input_ids"],
        whole["attention_mask"],
        max_new_tokens=6,
        do_sample=False,
        eos_token_id=-1,
    ).tolist()
    for saved in (1, 10_000):
        with mock.patch.object(prefill, "SHARED_TOKENS", saved):
            assert (prefill.shared_beginning(batches) > 16) == (saved == 1)
            said = greedy(model, batches, [-1], 6)
        assert [ids for ids, _ in said] == expected and not any(ended for _, ended in said)
    assert len(set(map(tuple, expected))) > 1
    third = expected[0][2]
    ids, ended = greedy(model, batches, [-1, third], 6)[0]
    assert ids == expected[0][: expected[0].index(third)] and ended


@pytest.mark.parametrize("family", ENCODERS)
def test_every_encoder_family_takes_a_step_answers_alike_once_saved_and_cached_equals_live(
    family: str, root: Path, llama: Path, tmp_path: Path
) -> None:
    folder, layer = encoder_folder(root, family)
    model = one_step(llama, folder, layer, ["alignment", "boundary"], tmp_path).eval()
    encoder = Encoder(folder, layer, torch.float32)
    tokens = encoder.tokenize.tokens(QUESTIONS, LANGUAGES)
    states = encoder.encode(QUESTIONS, languages=LANGUAGES)
    tokenizer = load_tokenizer(llama)
    examples = [
        compose(LAYOUTS["encoder"], tokenizer, PROMPT, "", int(count), " 23")
        for count in states.counts()
    ]
    batch = collate(examples, pad=2)
    cached = model(**batch, encoder_states=torch.from_numpy(states.rows()))["loss"]
    live = model(**batch, **tokens.batch(range(len(QUESTIONS))))["loss"]  # padded to one width
    torch.testing.assert_close(live, cached, rtol=1e-5, atol=1e-5)
    assert bool(encoder.tokenize.language_tokens) == (family == "m2m_100")
    answers_once_saved(model, tmp_path / "saved")


def answers_once_saved(model: LinguaLiftModel, folder: Path) -> None:
    """What a model answers, asked through its encoder, it answers when it is saved and loaded."""
    model.config.layout, model.config.prompt = "encoder", PROMPT.fields()
    model.save_pretrained(folder)
    again = LinguaLiftModel.from_pretrained(folder).eval()
    said = []
    for each, processor in (
        (model, LinguaLiftProcessor.of(model.config, "this model")),
        (again, LinguaLiftProcessor.from_pretrained(folder)),
    ):
        with torch.no_grad():  # else they repeat one token, whatever the encoder reads
            for name, parameter in each.llm.named_parameters():
                if "proj" in name:
                    parameter *= 10
        inputs = {**processor(QUESTIONS, "Swahili"), "eos_token_id": -1}
        said.append(each.generate(**inputs, max_new_tokens=6).tolist())
    assert said[0] == said[1] and len(set(map(tuple, said[0]))) > 1


@pytest.mark.parametrize("family", [family for family in ENCODERS if family in LLMS])
def test_a_bos_that_is_read_once_gives_the_states_of_one_before_every_text(
    family: str, root: Path
) -> None:
    folder, layer = encoder_folder(root, family)
    encoder = Encoder(folder, layer, torch.float32)
    assert layer is not None and len(encoder.past) == layer, (
        "a pair of keys and values for each layer"
    )
    found = encoder.states(QUESTIONS)
    for text, states in zip(QUESTIONS, found, strict=True):
        ids = torch.tensor(
            [
                [
                    encoder.tokenizer.bos_token_id,
                    *encoder.tokenizer(text, add_special_tokens=False)["input_ids"],
                ]
            ]
        )
        whole = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)(
            ids, output_hidden_states=True
        ).hidden_states
        np.testing.assert_allclose(states, whole[layer][0, 1:].detach(), atol=1e-5)


@pytest.mark.parametrize("family", ["mt5", "umt5"])
def test_of_an_encoder_decoder_only_the_encoders_parameters_are_made(
    family: str, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, layer = encoder_folder(root, family)
    made: list[int] = []
    original = PreTrainedModel.from_pretrained.__func__  # type: ignore[attr-defined]

    def counted(cls: type, *args: Any, **kwargs: Any) -> Any:
        model = original(cls, *args, **kwargs)
        made.append(sum(parameter.numel() for parameter in model.parameters()))
        return model

    monkeypatch.setattr(PreTrainedModel, "from_pretrained", classmethod(counted))
    backbone = Backbone(folder, layer, torch.float32)
    assert made == [sum(parameter.numel() for parameter in backbone.parameters())]


@pytest.mark.parametrize(
    ("family", "held", "kept"),
    [
        ("bert", 20, 20),
        ("xlm", 20, 20),
        ("xlm-roberta", 20, 17),
        ("qwen2", 20, 19),
        ("mt5", None, None),
    ],
)
def test_a_text_is_cut_where_the_encoders_positions_end(
    family: str, held: int | None, kept: int | None, tmp_path: Path
) -> None:
    sizes, layer = ENCODERS[family]
    folder = save(
        tmp_path / family,
        family,
        sizes | ({"max_position_embeddings": held} if held else {}),
        family in LLMS,
    )
    encoder, text = Encoder(folder, layer, torch.float32), "9 " * 300
    whole = len(encoder.tokenizer(text)["input_ids"])
    assert 20 < whole <= 1024 and len(encoder.states([text])[0]) == (kept or whole)


def test_xlm_is_read_by_its_own_tokenizer_and_refused_where_offsets_are_needed(
    tmp_path: Path,
) -> None:
    """Moses' word division (the package sacremoses), then byte pairs."""
    vocabulary = [
        "<s>",
        "</s>",
        "<pad>",
        "<unk>",
        *(f"<special{number}>" for number in range(10)),
        "c",
        "a",
        "t",
        "s</w>",
        "cat",
        "cats</w>",
        "?</w>",
    ]
    folder = save(tmp_path / "xlm", "xlm", ENCODERS["xlm"][0], False)
    for made in folder.glob("tokenizer*"):
        made.unlink()
    (folder / "vocab.json").write_text(
        json.dumps({token: row for row, token in enumerate(vocabulary)})
    )
    (folder / "merges.txt").write_text("#version: 0.2\nc a 3\nca t 2\ncat s</w> 1\n")
    tokenizer = EncoderTokenizer.load(folder)
    assert tokenizer.tokens(["Cats?"]).ids.tolist() == [
        0,
        vocabulary.index("cats</w>"),
        vocabulary.index("?</w>"),
        1,
    ]
    with pytest.raises(LinguaLiftError, match="tells no character offsets"):
        tokenizer(["Cats?"])
    with pytest.raises(LinguaLiftError, match=r"cannot be told to split digits; set") as caught:
        EncoderTokenizer.load(folder, split_digits=True)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("family", ENCODERS)
def test_an_encoder_learns_while_its_embeddings_stay_frozen_and_is_restored_from_its_checkpoint(
    family: str, root: Path, llama: Path, tmp_path: Path
) -> None:
    folder, layer = encoder_folder(root, family)
    model = one_step(
        llama, folder, layer, ["alignment", "boundary", "encoder"], tmp_path / "work", live=True
    ).eval()
    frozen = Encoder(folder, layer, torch.float32).backbone
    assert model.encoder is not None
    changed = {
        name
        for name, tensor in model.encoder.state_dict().items()
        if not torch.equal(tensor, frozen.state_dict()[name])
    }
    table = frozen.network.get_input_embeddings().weight
    tables = {
        name
        for name, tensor in frozen.state_dict().items()
        if torch.equal(tensor, table) and tensor.shape == table.shape
    }
    assert changed
    assert not changed & tables
    model.save_pretrained(tmp_path / "saved")
    again = LinguaLiftModel.from_pretrained(tmp_path / "saved").eval()
    learnt, same, published = (
        Encoder(folder, layer, torch.float32, backbone=backbone).states(
            QUESTIONS, languages=LANGUAGES
        )[1]
        for backbone in (again.encoder, model.encoder, None)
    )
    np.testing.assert_allclose(learnt, same, atol=1e-6)
    assert not np.allclose(learnt, published, atol=1e-4)


def collated(
    examples: list[Composed], states: States, chosen: np.ndarray, packs: bool = False
) -> dict[str, Any]:
    """A micro-batch of the chosen examples."""
    order = [np.arange(len(examples))]
    return PlannedBatches(examples, states, order, Cutting(10**6, 1, packs), 2).micro_batch(chosen)


@pytest.mark.parametrize("family", ["llama", "mistral", "qwen2", "qwen3", "gemma3_text"])
def test_packed_padded_and_single_sequences_have_the_same_loss_and_gradients(
    family: str, root: Path, causal_encoder: Path
) -> None:
    """With grouped heads, sliding windows and heads of their own width."""
    llm = save(root / family, family, LLMS[family], True)
    encoder = Encoder(causal_encoder, 2, torch.float32)
    torch.manual_seed(3)
    model = LinguaLiftModel.build(
        str(llm), {**reference(causal_encoder), "layer": 2}, encoder.dim
    ).eval()
    states, tokenizer = encoder.encode(QUESTIONS), load_tokenizer(llm)
    examples = sorted(
        (
            compose(LAYOUTS["encoder"], tokenizer, PROMPT, "", int(n), f" {n}+{n}")
            for n in states.counts()
        ),
        key=len,
    )
    states = states.take(np.argsort(states.counts(), kind="stable").tolist())
    labels = sum(int((example.labels >= 0).sum()) for example in examples)
    assert packed.packable(model.llm.config)

    def run(packs: bool, parts: list[np.ndarray]) -> tuple[float, list[torch.Tensor]]:
        model.llm.set_attn_implementation(packed.NAME if packs else "eager")
        model.zero_grad()
        total = 0.0
        for chosen in parts:
            batch = collated(examples, states, chosen, packs)
            assert ("attention_mask" in batch) != packs
            loss = model(**batch, num_items_in_batch=labels)["loss"]
            loss.backward()
            total += loss.item()
        return total, [p.grad.clone() for p in model.parameters() if p.grad is not None]

    together, one_by_one = [np.arange(4)], [np.asarray([row]) for row in range(4)]
    expected, gradients = run(False, one_by_one)
    for packs, parts in ((False, together), (True, together), (True, one_by_one)):
        loss, again = run(packs, parts)
        assert loss == pytest.approx(expected, rel=1e-5)
        for gradient, same in zip(again, gradients, strict=True):
            torch.testing.assert_close(gradient, same, rtol=1e-4, atol=1e-5)


def test_bounded_attention_scores_are_not_packed(root: Path) -> None:
    folder = save(root / "gemma2", "gemma2", LLMS["gemma2"], True)
    assert not packed.packable(AutoConfig.from_pretrained(folder))


def test_on_a_gpu_packed_sequences_go_to_torchs_own_kernel(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A stand-in for the kernel notes what it is given, and computes it one by one."""
    torch.manual_seed(0)
    query, key, value = (torch.randn(1, heads, 9, 8) for heads in (4, 2, 2))
    starts = torch.tensor([0, 2, 9], dtype=torch.int32)
    given: dict[str, Any] = {}

    def kernel(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, *lengths: Any, **how: Any) -> Any:
        given.update(how, lengths=lengths, shapes=[q.shape, k.shape, v.shape])
        return packed._one_by_one(q, k, v, starts.tolist(), how["scale"], 3)

    monkeypatch.setattr("torch.nn.attention.varlen.varlen_attn", kernel)
    lengths = {"cu_seq_lens_q": starts, "max_length_q": 7}
    arguments = (torch.nn.Module(), query, key, value, None)
    expected, _ = packed.packed_attention(*arguments, 0.3, sliding_window=3, **lengths)
    monkeypatch.setattr(torch.Tensor, "is_cuda", property(lambda self: True))
    found, _ = packed.packed_attention(*arguments, 0.3, sliding_window=3, **lengths)
    assert torch.equal(found, expected) and found.shape == (1, 9, 4, 8)
    assert given["shapes"] == [(9, 4, 8)] * 3 and given["lengths"][2:] == (7, 7)
    assert given["window_size"] == (2, 0) and given["scale"] == 0.3
    packed.packed_attention(*arguments, 0.3, **lengths)
    assert given["window_size"] == (-1, 0)


def test_lora_starts_as_the_llm_learns_alone_and_merges_to_the_same_logits(
    llama: Path, causal_encoder: Path, tmp_path: Path
) -> None:
    encoder = Encoder(causal_encoder, 2, torch.float32)
    states, tokenizer = encoder.encode(QUESTIONS), load_tokenizer(llama)
    torch.manual_seed(3)
    model = LinguaLiftModel.build(
        str(llama), {**reference(causal_encoder), "layer": 2}, encoder.dim
    ).eval()
    examples = [
        compose(LAYOUTS["encoder"], tokenizer, PROMPT, "", int(n), f" {n}") for n in states.counts()
    ]
    batch = collated(examples, states, np.arange(4)) | {"labels": None}
    before, plain = (
        model(**batch)["logits"],
        {name: tensor.clone() for name, tensor in model.state_dict().items()},
    )
    model.trainable(["llm-lora"], {"rank": 4, "alpha": 8.0})
    torch.testing.assert_close(model(**batch)["logits"], before)
    settings = {"epochs": 4, "batch": 4, "learning_rate": 5e-2, "lora_rank": 4, "lora_alpha": 8.0}
    job = language_modelling_job(tmp_path / "w", ["llm-lora"], **settings)
    train_language_modelling(job, model, examples, states, 2)
    assert all(torch.equal(model.state_dict()[name], tensor) for name, tensor in plain.items()), (
        "only adapters learn"
    )
    adapted = model.eval()(**batch)["logits"]
    assert not torch.allclose(adapted, before, atol=1e-3)
    model.save_pretrained(tmp_path / "saved")
    assert (tmp_path / "saved/model.safetensors").stat().st_size < 60_000, (
        "a checkpoint of adapters holds no LLM"
    )
    again = LinguaLiftModel.from_pretrained(tmp_path / "saved").eval()
    torch.testing.assert_close(again(**batch)["logits"], adapted)
    again.merge_lora()
    assert not any("lora" in name for name in again.state_dict())
    torch.testing.assert_close(again(**batch)["logits"], adapted, rtol=1e-4, atol=1e-5)
    again.save_pretrained(tmp_path / "merged")
    torch.testing.assert_close(
        LinguaLiftModel.from_pretrained(tmp_path / "merged").eval()(**batch)["logits"],
        adapted,
        rtol=1e-4,
        atol=1e-5,
    )


def test_adapters_learn_over_an_llm_in_four_bits(llama: Path) -> None:
    """A stand-in for the layers of bitsandbytes, which hold what no gradient changes."""
    layers = type("Linear4bit", (torch.nn.Linear,), {"__module__": "bitsandbytes.nn"})
    model = LinguaLiftModel.build(str(llama)).eval()
    inputs = {"input_ids": torch.tensor([[0, 10, 11, 12]])}
    before = model(**inputs)["logits"]
    for layer in model.llm.model.layers.modules():
        if type(layer) is torch.nn.Linear:
            layer.__class__ = layers
    model.trainable(["llm-lora"], {"rank": 4, "alpha": 8.0})
    torch.testing.assert_close(model(**inputs)["logits"], before)
    model(**inputs)["logits"].sum().backward()
    adapted = [layer for layer in model.llm.modules() if isinstance(layer, layers)]
    assert len(adapted) == 14 and all(layer.lora_b.grad.abs().sum() > 0 for layer in adapted)
    assert all(layer.weight.grad is None for layer in adapted)
    assert all("lora" in name for name in trained_state(model))


def test_auto_classes_load_a_checkpoint_and_generate(llama: Path, tmp_path: Path) -> None:
    model = LinguaLiftModel.build(str(llama))
    model.trainable(["llm"])
    model.save_pretrained(tmp_path)
    loaded = AutoModelForCausalLM.from_pretrained(tmp_path)
    assert isinstance(loaded, LinguaLiftModel)
    ids = torch.tensor([[0, 10, 11, 12]])
    expected = AutoModelForCausalLM.from_pretrained(llama).generate(
        ids, max_new_tokens=5, do_sample=False
    )[:, 4:]
    found = loaded.generate(ids, torch.ones_like(ids), max_new_tokens=5, do_sample=False)
    assert found.tolist() == expected.tolist()
    assert "| LLM |" in (tmp_path / "README.md").read_text()


def test_a_tokenizer_without_bos_takes_that_of_the_models_configuration(
    root: Path, tmp_path: Path
) -> None:
    import json
    import shutil

    shutil.copytree(save(root / "qwen2", "qwen2", LLMS["qwen2"], True), tmp_path / "q")
    settings = json.loads((tmp_path / "q/tokenizer_config.json").read_text())
    settings["bos_token"] = None
    (tmp_path / "q/tokenizer_config.json").write_text(json.dumps(settings))
    assert special_ids(load_tokenizer(tmp_path / "q"))[0] == 0
    config = json.loads((tmp_path / "q/config.json").read_text())
    config["bos_token_id"] = None
    (tmp_path / "q/config.json").write_text(json.dumps(config))
    with pytest.raises(LinguaLiftError, match="no BOS"):
        special_ids(load_tokenizer(tmp_path / "q"))


def test_encoder_tokens_are_padded_on_the_right_behind_their_prefix() -> None:
    tokens = Tokens(np.asarray([5, 6, 7, 8], np.int32), np.asarray([0, 1, 4]), (9,), 0)
    batch = tokens.batch([0, 1])
    assert batch["encoder_ids"].tolist() == [[9, 5, 0, 0], [9, 6, 7, 8]]
    assert batch["encoder_mask"].tolist() == [[1, 1, 0, 0], [1, 1, 1, 1]]
    assert tokens.counts().tolist() == [1, 3]


def test_the_language_model_beside_one_for_images_is_loaded_whole_and_alone(
    root: Path, tmp_path: Path
) -> None:
    """Gemma 3 from 4B on, as the hub has it: tensors of two networks in one file."""
    from safetensors.torch import load_file, save_file
    from transformers import Gemma3ForConditionalGeneration

    folder = save(root / "gemma3", "gemma3", LLMS["gemma3"], True)
    whole = Gemma3ForConditionalGeneration.from_pretrained(folder).eval()
    alone = pretrained_llm(folder, torch.float32).eval()
    assert not any("vision" in name for name, _ in alone.named_parameters())
    ids = torch.tensor([[0, 10, 11, 12]])
    torch.testing.assert_close(alone(ids).logits, whole(ids).logits)
    shutil.copytree(folder, tmp_path / "cut")
    weights = load_file(folder / "model.safetensors")
    lost = next(name for name in weights if name.endswith("mlp.up_proj.weight"))
    del weights[lost]
    save_file(weights, tmp_path / "cut/model.safetensors", metadata={"format": "pt"})
    with pytest.raises(LinguaLiftError, match=r"lacks tensor '.*up_proj\.weight'"):
        pretrained_llm(tmp_path / "cut", torch.float32)
