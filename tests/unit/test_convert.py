"""A GGUF file becomes the model it describes, tensor by tensor, or a clear refusal."""

import json
import struct
from pathlib import Path

import gguf
import numpy as np
import pytest
import torch
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    Gemma3ForCausalLM,
    Gemma3TextConfig,
    LlamaConfig,
    LlamaForCausalLM,
)

from lingualift.artifacts import read_json, sha256_file
from lingualift.messages import LinguaLiftError
from lingualift.model.convert import concatenate_parts, convert_gguf, convert_parts
from lingualift.model.gguf_file import open_gguf

LETTERS = [*"abcdefghijklmnopqrstuvwxyz0123456789.", "Ġ", "ab", "Ġab"]
LLAMA_TOKENS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", *LETTERS]
GEMMA_TOKENS = [
    "<pad>",
    "<eos>",
    "<bos>",
    "<unk>",
    "\n",
    "  ",
    *(f"<0x{byte:02X}>" for byte in range(256)),
    "ab",
    "▁ab",
    "▁",
    *"abcdefghij",
    "1",
    "2",
]
HIDDEN, FEED, LAYERS, HEADS, KV = 32, 64, 3, 4, 2


def llama() -> LlamaForCausalLM:
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(LLAMA_TOKENS),
        hidden_size=HIDDEN,
        intermediate_size=FEED,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        num_key_value_heads=KV,
        max_position_embeddings=64,
        rms_norm_eps=1e-5,
        tie_word_embeddings=True,
        rope_parameters={"rope_type": "default", "rope_theta": 5000.0},
    )
    return LlamaForCausalLM(config).eval()


def gemma() -> Gemma3ForCausalLM:
    torch.manual_seed(0)
    config = Gemma3TextConfig(
        vocab_size=len(GEMMA_TOKENS),
        hidden_size=HIDDEN,
        intermediate_size=FEED,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        num_key_value_heads=1,
        head_dim=16,
        query_pre_attn_scalar=16,
        sliding_window=8,
        max_position_embeddings=64,
    )
    model = Gemma3ForCausalLM(config).eval()
    for name, parameter in model.named_parameters():
        if name.endswith("norm.weight"):
            torch.nn.init.normal_(parameter, std=0.1)
    return model


def permute(weight: np.ndarray, heads: int) -> np.ndarray:
    """llama.cpp's order of rotary rows, as its converter writes them."""
    return (
        weight.reshape(heads, 2, weight.shape[0] // heads // 2, weight.shape[1])
        .swapaxes(1, 2)
        .reshape(weight.shape)
    )


def write_llama(
    path: Path, model: LlamaForCausalLM, drop: str = "", style: str = "smollm", broken: bool = False
) -> Path:
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_block_count(LAYERS)
    writer.add_context_length(64)
    writer.add_embedding_length(HIDDEN)
    writer.add_feed_forward_length(FEED)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(5000.0)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(style)
    writer.add_token_list(LLAMA_TOKENS)
    writer.add_token_types([3, 3, 3] + [1] * len(LETTERS))
    writer.add_token_merges(["a b", "Ġ ab"])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    writer.add_pad_token_id(2)
    names = {
        "self_attn.q_proj": "attn_q",
        "self_attn.k_proj": "attn_k",
        "self_attn.v_proj": "attn_v",
        "self_attn.o_proj": "attn_output",
        "mlp.gate_proj": "ffn_gate",
        "mlp.up_proj": "ffn_up",
        "mlp.down_proj": "ffn_down",
        "input_layernorm": "attn_norm",
        "post_attention_layernorm": "ffn_norm",
    }
    for name, value in model.model.state_dict().items():
        values = value.numpy()
        if "q_proj" in name or "k_proj" in name:
            values = permute(values, HEADS if "q_proj" in name else KV)
        if broken and "up_proj" in name:
            values = np.full_like(values, np.nan)
        parts = name.removesuffix(".weight").split(".", 2)
        target = {"embed_tokens": "token_embd", "norm": "output_norm"}.get(
            parts[0]
        ) or f"blk.{parts[1]}.{names[parts[2]]}"
        if target != drop:
            writer.add_tensor(f"{target}.weight", values)
    return finish(writer, path)


def write_gemma(path: Path, model: Gemma3ForCausalLM) -> Path:
    writer = gguf.GGUFWriter(path, "gemma3")
    writer.add_block_count(LAYERS)
    writer.add_context_length(64)
    writer.add_embedding_length(HIDDEN)
    writer.add_feed_forward_length(FEED)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(1)
    writer.add_key_length(16)
    writer.add_value_length(16)
    writer.add_sliding_window(8)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_rope_freq_base(1_000_000.0)
    writer.add_tokenizer_model("llama")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(GEMMA_TOKENS)
    writer.add_token_types([3, 3, 3, 3, 4, 4] + [6] * 256 + [1] * (len(GEMMA_TOKENS) - 262))
    writer.add_bos_token_id(2)
    writer.add_eos_token_id(1)
    writer.add_unk_token_id(3)
    writer.add_pad_token_id(0)
    writer.add_add_bos_token(True)
    names = {
        "self_attn.q_proj": "attn_q",
        "self_attn.k_proj": "attn_k",
        "self_attn.v_proj": "attn_v",
        "self_attn.o_proj": "attn_output",
        "self_attn.q_norm": "attn_q_norm",
        "self_attn.k_norm": "attn_k_norm",
        "mlp.gate_proj": "ffn_gate",
        "mlp.up_proj": "ffn_up",
        "mlp.down_proj": "ffn_down",
        "input_layernorm": "attn_norm",
        "post_attention_layernorm": "post_attention_norm",
        "pre_feedforward_layernorm": "ffn_norm",
        "post_feedforward_layernorm": "post_ffw_norm",
    }
    for name, value in model.model.state_dict().items():
        values = value.numpy()
        if name.endswith("norm.weight"):
            values = values + 1
        parts = name.removesuffix(".weight").split(".", 2)
        target = {"embed_tokens": "token_embd", "norm": "output_norm"}.get(
            parts[0]
        ) or f"blk.{parts[1]}.{names[parts[2]]}"
        if parts[0] == "embed_tokens":  # one quantised tensor, as in the real files
            writer.add_tensor(
                f"{target}.weight",
                gguf.quants.quantize(values, gguf.GGMLQuantizationType.Q8_0),
                raw_dtype=gguf.GGMLQuantizationType.Q8_0,
            )
        else:
            writer.add_tensor(f"{target}.weight", values)
    return finish(writer, path)


def finish(writer: gguf.GGUFWriter, path: Path) -> Path:
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def test_a_converted_llama_gives_the_original_logits_and_names_its_special_tokens(tmp_path):
    original = llama()
    convert_gguf(write_llama(tmp_path / "m.gguf", original), tmp_path / "out")
    model, tokenizer = (
        AutoModelForCausalLM.from_pretrained(tmp_path / "out", dtype=torch.float32),
        AutoTokenizer.from_pretrained(tmp_path / "out"),
    )
    original.bfloat16().float()  # as the folder stores it
    ids = torch.tensor([[1, 5, 9, 40, 3, 3]])
    with torch.no_grad():
        torch.testing.assert_close(model(ids).logits, original(ids).logits)
    assert tokenizer.special_tokens_map == {
        "bos_token": "<|im_start|>",
        "eos_token": "<|im_end|>",
        "pad_token": "<|im_end|>",
        "unk_token": "<|endoftext|>",
    }
    assert tokenizer("a")["input_ids"][0] != tokenizer.bos_token_id
    assert (
        model.config.bos_token_id,
        model.config.eos_token_id,
        model.generation_config.pad_token_id,
    ) == (1, 2, 2)
    assert tokenizer.convert_ids_to_tokens(tokenizer("ab ab12 <|im_end|>")["input_ids"]) == [
        "ab",
        "Ġab",
        "1",
        "2",
        "Ġ",
        "<|im_end|>",
    ]
    assert not list((tmp_path / "out").glob("*.bin"))


def test_a_converted_gemma_has_the_originals_weights(tmp_path):
    convert_gguf(write_gemma(tmp_path / "m.gguf", gemma()), tmp_path / "out")
    weights = AutoModelForCausalLM.from_pretrained(tmp_path / "out", dtype=torch.float32)
    original = gemma().state_dict()
    for name, value in weights.base_model.state_dict().items():
        expected = original[f"model.{name}"]
        if "embed" in name:  # quantised in the file
            torch.testing.assert_close(value, expected, atol=0.01, rtol=0.01)
        elif "norm" in name:  # stored as 1 + w
            torch.testing.assert_close(value, expected, atol=1e-6, rtol=0.01)
        else:
            assert torch.equal(value, expected.bfloat16().float())


def test_a_gemma_tokenizer_merges_in_the_order_of_its_vocabulary_and_falls_back_to_bytes(tmp_path):
    convert_gguf(write_gemma(tmp_path / "m.gguf", gemma()), tmp_path / "out")
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "out")
    text = "ab ab  12é\nc"
    ids = tokenizer(text)["input_ids"]
    assert tokenizer.convert_ids_to_tokens(ids) == [
        "<bos>",
        "ab",
        "▁ab",
        "▁▁",
        "1",
        "2",
        "<0xC3>",
        "<0xA9>",
        "\n",
        "c",
    ]
    assert tokenizer.decode(ids, skip_special_tokens=True) == text


def test_a_converted_tokenizer_loads_without_its_vocabulary_being_parsed_in_python(
    tmp_path, monkeypatch
):
    """`tokenizer_config.json` lists the added tokens; without that list Transformers reads
    tokenizer.json twice, to the same effect.
    """
    convert_gguf(write_gemma(tmp_path / "m.gguf", gemma()), tmp_path / "out")
    described, parsed, load = tmp_path / "out/tokenizer_config.json", [], json.load

    def noting(handle, **kwargs):
        parsed.append(Path(handle.name).name)
        return load(handle, **kwargs)

    monkeypatch.setattr(json, "load", noting)
    quick = AutoTokenizer.from_pretrained(tmp_path / "out")
    assert "tokenizer.json" not in parsed
    described.write_text(
        json.dumps(
            {
                key: value
                for key, value in read_json(described).items()
                if key != "added_tokens_decoder"
            }
        )
    )
    slow = AutoTokenizer.from_pretrained(tmp_path / "out")
    assert "tokenizer.json" in parsed
    assert quick.backend_tokenizer.to_str() == slow.backend_tokenizer.to_str()
    assert (
        quick.added_tokens_decoder == slow.added_tokens_decoder
        and quick.special_tokens_map == slow.special_tokens_map
    )


def test_conversion_is_deterministic_and_replaces_what_was_there(tmp_path):
    path = write_llama(tmp_path / "m.gguf", llama())
    (tmp_path / "out").mkdir()
    (tmp_path / "out/stale").write_text("")
    convert_gguf(path, tmp_path / "out")
    first = {file.name: sha256_file(file) for file in (tmp_path / "out").iterdir()}
    convert_gguf(path, tmp_path / "out")
    assert {
        file.name: sha256_file(file) for file in (tmp_path / "out").iterdir()
    } == first and "stale" not in first


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"drop": "blk.1.ffn_up"},
            "1 tensors do not fit architecture 'llama', first model.layers.1.mlp.up_proj.weight",
        ),
        ({"style": "llama-bpe"}, "tokenizer 'gpt2/llama-bpe' cannot be converted"),
        ({"broken": True}, "holds values that are not finite"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_and_nothing_is_written(tmp_path, changes, message):
    path = write_llama(tmp_path / "m.gguf", llama(), **changes)
    with pytest.raises(LinguaLiftError, match=message):
        convert_gguf(path, tmp_path / "out")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["m.gguf"]


def test_a_truncated_or_foreign_file_is_one_line(tmp_path):
    path = write_llama(tmp_path / "m.gguf", llama())
    content = path.read_bytes()
    for cut in (0, 3, 20, 400, 1500, len(content) - 10):
        path.write_bytes(content[:cut])
        with pytest.raises(
            LinguaLiftError, match=r"not a readable GGUF file .*; delete it and run again"
        ) as caught:
            open_gguf(path)
        assert "\n" not in str(caught.value)
    named = b"general.alignment"
    alignment = b"GGUF" + struct.pack("<IQQQ", 3, 0, 1, len(named)) + named
    for field in (struct.pack("<II", 4, 0), struct.pack("<IQ", 8, 1) + b"x"):  # zero, a text
        path.write_bytes(alignment + field)
        with pytest.raises(LinguaLiftError, match=r"not a readable GGUF file"):
            open_gguf(path)
    path.write_bytes(b"PK" + content)
    with pytest.raises(LinguaLiftError, match=r"does not begin with 'GGUF'"):
        open_gguf(path)
    with pytest.raises(LinguaLiftError, match=r"no such GGUF file"):
        open_gguf(tmp_path / "absent.gguf")


def test_parts_are_joined_in_order_and_checked_as_a_whole(tmp_path):
    path = write_llama(tmp_path / "m.gguf", llama())
    content, digest = path.read_bytes(), sha256_file(path)
    parts = [tmp_path / "m.gguf.part00", tmp_path / "m.gguf.part01"]
    parts[0].write_bytes(content[:1000])
    parts[1].write_bytes(content[1000:])
    convert_parts(parts, digest, tmp_path / "out")
    assert (tmp_path / "out/model.safetensors").is_file()
    with pytest.raises(LinguaLiftError, match=f"the 2 parts give sha256 .*, expected {digest}"):
        concatenate_parts(parts[::-1], tmp_path / "joined", digest)
    with pytest.raises(LinguaLiftError, match=r"part02: part file is missing"):
        concatenate_parts([*parts, tmp_path / "m.gguf.part02"], tmp_path / "joined", digest)
    with pytest.raises(LinguaLiftError, match=r"m.gguf: altered: expected sha256"):
        convert_parts([path], "0" * 64, tmp_path / "other")
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "m.gguf",
        "m.gguf.part00",
        "m.gguf.part01",
        "out",
    ]
