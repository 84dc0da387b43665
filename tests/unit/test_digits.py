"""Numbers digit by digit, in every family of tokenizers: each digit is a token, of any script, and
offsets stay those of the text.
"""

import re
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

from lingualift.messages import LinguaLiftError
from lingualift.model.digits import numbers_of_every_script, reads_digits_alone
from lingualift.model.encoder import Encoder
from lingualift.model.encoder_tokenizer import EncoderTokenizer

SPECIAL = ["<s>", "<pad>", "</s>", "<unk>"]
LINES = [
    *(f"Maria has {number} apples, {100 - number} pears." for number in range(10, 100)),
    *("मारिया के पास ३४ सेब हैं।", "৪৭ টি আপেল", "໔໗ ໝາກ", "٤٧ تفاحة", "२३ ३४ ४७") * 20,
]
TEXT = "47 apples: 1,234 pears ३४ सेब ৪৭ টি ໔໗ ๑๒ and 80."


def trained(model: Any, trainer: Any, before: Any, normaliser: Any = None) -> Tokenizer:
    backend = Tokenizer(model)
    backend.pre_tokenizer = before
    if normaliser is not None:
        backend.normalizer = normaliser
    backend.train_from_iterator(LINES, trainer)
    return backend


def unigram(before: Any) -> Tokenizer:
    """Every number of the lines is a piece, as frequent ones are in XLM-R's vocabulary."""
    numbers = sorted(set(re.findall(r"\d+", " ".join(LINES))) | {"234"})
    letters = sorted({letter for line in [*LINES, TEXT] for letter in line if letter != " "})
    words = ["▁", "apple", "▁apple", "▁and", "▁pears", *(f"▁{number}" for number in numbers)]
    pieces = [(piece, -float(8 - min(len(piece), 6))) for piece in [*words, *numbers]]
    pieces += [(letter, -9.0) for letter in letters]
    backend = Tokenizer(models.Unigram([*((name, 0.0) for name in SPECIAL), *pieces], unk_id=3))
    backend.pre_tokenizer = before
    backend.normalizer = normalizers.Sequence(
        [normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")]
    )
    return backend


def xlm_r() -> Tokenizer:
    return unigram(pre_tokenizers.Metaspace())


def t5() -> Tokenizer:
    return unigram(
        pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()])
    )


def nllb() -> Tokenizer:
    trainer = trainers.BpeTrainer(vocab_size=400, special_tokens=SPECIAL, show_progress=False)
    return trained(models.BPE(unk_token="<unk>"), trainer, pre_tokenizers.Metaspace())


def bert() -> Tokenizer:
    """A vocabulary without `▁` and without Thai digits, each of which is the unknown token."""
    special = ["[UNK]", "<s>", "</s>", "<pad>"]
    trainer = trainers.WordPieceTrainer(vocab_size=400, special_tokens=special, show_progress=False)
    return trained(
        models.WordPiece(unk_token="[UNK]"),
        trainer,
        pre_tokenizers.BertPreTokenizer(),
        normalizers.BertNormalizer(lowercase=False, strip_accents=False),
    )


def byte_level(before: Any) -> Tokenizer:
    trainer = trainers.BpeTrainer(
        vocab_size=600,
        special_tokens=SPECIAL,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    return trained(models.BPE(), trainer, before)


def gpt2() -> Tokenizer:
    return byte_level(pre_tokenizers.ByteLevel(add_prefix_space=False))


def llama3() -> Tokenizer:
    """Up to three digits in a token."""
    pieces = Regex(r" ?[^\s\p{L}\p{N}]+|\p{N}{1,3}| ?[\p{L}\p{M}]+|\s+")
    return byte_level(
        pre_tokenizers.Sequence(
            [
                pre_tokenizers.Split(pieces, "isolated"),
                pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
            ]
        )
    )


def qwen() -> Tokenizer:
    pieces = Regex(r" ?[^\s\p{L}\p{N}]+|\p{N}| ?[\p{L}\p{M}]+|\s+")
    return byte_level(
        pre_tokenizers.Sequence(
            [
                pre_tokenizers.Split(pieces, "isolated"),
                pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
            ]
        )
    )


def smollm() -> Tokenizer:
    return byte_level(
        pre_tokenizers.Sequence(
            [
                pre_tokenizers.Digits(individual_digits=True),
                pre_tokenizers.ByteLevel(add_prefix_space=False),
            ]
        )
    )


def with_bytes(before: Any, normaliser: Any, words: list[str]) -> Tokenizer:
    """BPE with byte fallback, as SentencePiece makes it: it knows `words`, letters and bytes."""
    letters = sorted({letter for word in words for letter in word} | set("▁abcdefghijklmnop,.:"))
    tokens = [*SPECIAL, *(f"<0x{byte:02X}>" for byte in range(256)), *letters]
    merges = []
    for word in words:
        for end in range(2, len(word) + 1):
            if word[:end] not in tokens:
                tokens.append(word[:end])
                merges.append((word[: end - 1], word[end - 1]))
    backend = Tokenizer(
        models.BPE(
            {token: row for row, token in enumerate(tokens)},
            merges,
            unk_token="<unk>",
            byte_fallback=True,
            fuse_unk=True,
        )
    )
    backend.normalizer, backend.pre_tokenizer = normaliser, before
    return backend


def gemma() -> Tokenizer:
    """The digits 0 to 9 one by one, those of other scripts joined; mmBERT's is Gemma's, too."""
    backend = with_bytes(
        pre_tokenizers.Split(" ", "merged_with_previous"),
        normalizers.Replace(" ", "▁"),
        ["▁३४", "▁apples", "▁and"],
    )
    return backend


def llama2() -> Tokenizer:
    normaliser = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    return with_bytes(None, normaliser, ["▁৪৭", "▁apples", "▁and"])


FAMILIES: dict[str, tuple[Callable[[], Tokenizer], bool]] = {
    "xlm-r": (xlm_r, False),
    "t5": (t5, False),
    "nllb": (nllb, False),
    "bert": (bert, False),
    "gpt2": (gpt2, False),
    "llama3": (llama3, False),
    "qwen": (qwen, True),
    "smollm": (smollm, True),
    "gemma": (gemma, True),
    "llama2": (llama2, True),
}
"""Families of tokenizers, and whether they read the digits 0 to 9 one by one on their own."""


def wrapped(backend: Tokenizer) -> PreTrainedTokenizerFast:
    unknown = "<unk>" if backend.token_to_id("[UNK]") is None else "[UNK]"
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        bos_token="<s>",
        eos_token="</s>",
        pad_token="<pad>",
        unk_token=unknown,
    )


def saved(backend: Tokenizer, folder: Path) -> Path:
    """A small BERT with the tokenizer, as an encoder's folder."""
    backend.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>",
        special_tokens=[(name, backend.token_to_id(name)) for name in ("<s>", "</s>")],
    )
    tokenizer = wrapped(backend)
    tokenizer.save_pretrained(folder)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=24,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=32,
        pad_token_id=0,
    )
    BertModel(config).save_pretrained(folder)
    return folder


@pytest.mark.parametrize("family", FAMILIES)
def test_how_a_tokenizer_reads_numbers_is_seen(family: str) -> None:
    make, alone = FAMILIES[family]
    assert reads_digits_alone(wrapped(make())) is alone


@pytest.mark.parametrize("family", FAMILIES)
def test_every_digit_of_any_script_becomes_a_token_and_offsets_are_those_of_the_text(
    family: str, tmp_path: Path
) -> None:
    folder = saved(FAMILIES[family][0](), tmp_path)
    plain, split = EncoderTokenizer.load(folder), EncoderTokenizer.load(folder, split_digits=True)
    (ids,), (offsets,) = split([TEXT])
    spans = [(start, end) for start, end in offsets if end > start]
    digits = [place for place, letter in enumerate(TEXT) if letter.isdigit()]
    for place in digits:
        covering = {(start, end) for start, end in spans if start <= place < end}
        assert len(covering) == 1, (family, TEXT[place])
        start, end = next(iter(covering))
        assert TEXT[start:end].strip() == TEXT[place]
    covered = {place for start, end in spans for place in range(start, end)}
    assert {place for place, letter in enumerate(TEXT) if not letter.isspace()} <= covered
    assert all(first[0] <= second[0] for first, second in pairwise(spans))
    assert split.tokens([TEXT]).ids.tolist() == ids
    words = "apples and pears"
    assert split([words]) == plain([words]), "without a number nothing changes"


def test_a_word_mark_that_is_cut_off_a_digit_stands_for_nothing(tmp_path: Path) -> None:
    split = EncoderTokenizer.load(saved(xlm_r(), tmp_path), split_digits=True)
    (ids,), (offsets,) = split(["47 apples 12"])
    tokens = split.tokenizer.convert_ids_to_tokens(ids)
    assert tokens[1:4] == ["▁", "4", "7"]
    assert offsets[1:4] == [(0, 0), (0, 1), (1, 2)]
    assert tokens[-4:-1] == ["▁", "1", "2"]
    assert offsets[-4:-1] == [(9, 10), (10, 11), (11, 12)]


def test_an_encoder_gives_a_state_for_every_digit_and_stores_them_under_a_key_of_their_own(
    tmp_path: Path,
) -> None:
    folder = saved(xlm_r(), tmp_path / "encoder")
    joined = Encoder(folder, 1, torch.float32)
    split = Encoder(folder, 1, torch.float32, split_digits=True)
    assert [len(states) for states in joined.states(["47", "apples"])] == [
        len(joined.tokenizer(text)["input_ids"]) for text in ("47", "apples")
    ]
    assert len(split.states(["47"])[0]) == 5  # <s> ▁ 4 7 </s>
    assert (split.states(["apples"])[0] == joined.states(["apples"])[0]).all()
    keys = []
    for encoder in (joined, split):
        store = tmp_path / "store"
        encoder.store(store, ["47 pears"])
        keys.append((store / "spans.npy").read_bytes())
    assert keys[0] != keys[1]


def test_digits_are_looked_at_in_every_script() -> None:
    texts = numbers_of_every_script()
    digits = [chr(code) for code in range(sys.maxunicode + 1) if re.fullmatch(r"\d", chr(code))]
    assert 10 * len(texts) == len(digits)
    assert all([int(number) for number in text.split()] == [*range(100)] for text in texts)
    assert all(any(number in text for text in texts) for number in ("47", "৪৭", "४७", "٤٧", "໔໗"))


def test_an_encoder_that_joins_one_number_of_one_script_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Gemma reads 0 to 9 and ৪৭ digit by digit, but ১০ as one token."""
    backend = with_bytes(
        pre_tokenizers.Split(" ", "merged_with_previous"),
        normalizers.Replace(" ", "▁"),
        ["▁১০", "▁apples", "▁and"],
    )
    folder = saved(backend, tmp_path)
    assert reads_digits_alone(EncoderTokenizer.load(folder).tokenizer)
    split = EncoderTokenizer.load(folder, split_digits=True).tokenizer
    assert "১০" not in split.tokenize("tok ১০") and "১" in "".join(split.tokenize("tok ১০"))
    monkeypatch.setattr(
        pre_tokenizers,
        "Digits",
        lambda individual_digits: pre_tokenizers.Split(Regex("[0-9]"), "isolated"),
    )
    with pytest.raises(LinguaLiftError, match="joins digits in spite"):
        EncoderTokenizer.load(folder, split_digits=True)


def test_a_tokenizer_whose_digits_remain_joined_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = saved(xlm_r(), tmp_path)
    monkeypatch.setattr(
        pre_tokenizers, "Digits", lambda individual_digits: pre_tokenizers.Whitespace()
    )
    with pytest.raises(LinguaLiftError, match=r"joins digits in spite of being told") as caught:
        EncoderTokenizer.load(folder, split_digits=True)
    assert "\n" not in str(caught.value)
