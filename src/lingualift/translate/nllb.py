"""NLLB (Costa-jussà et al. 2022) through Transformers: beam search into English or out of it,
sentences of similar length together.
"""

import logging
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lingualift.data.folders import wrong_cell
from lingualift.languages import Language
from lingualift.messages import LinguaLiftError

logger = logging.getLogger(__name__)

ENGLISH = "eng_Latn"
MAX_TOKENS = 512
BEAMS = 5  # the authors' setting


def translate(
    texts: Sequence[str], language: Language, model: Path, batch: int, out_of_english: bool = False
) -> list[str]:
    """English translations of texts in a language that has a FLORES-200 code, or with
    `out_of_english` translations of English texts into it; `model` is a prepared model folder.

    On the GPU where there is one (in bfloat16 if it multiplies that), else on the CPU in float32:
    deterministic there, and independent of `batch` up to the order of floating-point sums. Raises
    `LinguaLiftError` for a model whose tokenizer does not know the language.
    """
    import torch
    from tqdm import tqdm
    from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

    from lingualift.machine import device, use_bfloat16

    code = language.nllb or ""
    source, target = (ENGLISH, code) if out_of_english else (code, ENGLISH)
    tokenizer = AutoTokenizer.from_pretrained(model, src_lang=source, local_files_only=True)
    _check_codes(tokenizer.get_vocab(), language, model)
    where = device()
    dtype = torch.bfloat16 if where == "cuda" and use_bfloat16("auto", where) else torch.float32
    engine = (
        AutoModelForSeq2SeqLM.from_pretrained(model, dtype=dtype, local_files_only=True)
        .eval()
        .to(where)
    )
    order = sorted(range(len(texts)), key=lambda number: len(texts[number]))
    english = [""] * len(texts)
    cut = 0
    with (
        torch.inference_mode(),
        tqdm(
            total=len(texts),
            desc=f"translate {code}",
            unit="text",
            mininterval=5,
            disable=len(texts) < 100,
        ) as bar,
    ):
        for start in range(0, len(order), batch):
            chosen = order[start : start + batch]
            encoded, too_long = _encoded(tokenizer, [texts[number] for number in chosen])
            cut += too_long
            made = engine.generate(
                **encoded.to(where),
                forced_bos_token_id=tokenizer.convert_tokens_to_ids(target),
                num_beams=BEAMS,
                do_sample=False,
                max_new_tokens=MAX_TOKENS,
            )
            decoded = tokenizer.batch_decode(made, skip_special_tokens=True)
            for number, text in zip(chosen, decoded, strict=True):
                english[number] = text.strip()
            bar.update(len(chosen))
    if cut:
        logger.warning("%s: %d sentence(s) longer than %d tokens, cut there", code, cut, MAX_TOKENS)
    return english


def _check_codes(vocabulary: Mapping[str, int], language: Language, model: Path) -> None:
    """Refuse a model that lacks English or the language, by their FLORES-200 codes."""
    if ENGLISH not in vocabulary:
        raise LinguaLiftError(f"translation: {model} is no NLLB model: it lacks '{ENGLISH}'")
    if language.nllb not in vocabulary:
        codes = [name for name in vocabulary if re.fullmatch("[a-z]{3}_[A-Z][a-z]{3}", name)]
        raise wrong_cell(language.code, "nllb", language.nllb or "", str(model), codes)


def _encoded(tokenizer: Any, texts: list[str]) -> tuple[Any, int]:
    """Token ids [texts, tokens] of at most `MAX_TOKENS`, and how many texts were longer."""
    encoded = tokenizer(
        texts, return_tensors="pt", padding=True, truncation=True, max_length=MAX_TOKENS
    )
    if encoded.input_ids.shape[1] < MAX_TOKENS:
        return encoded, 0
    return encoded, sum(len(ids) > MAX_TOKENS for ids in tokenizer(texts).input_ids)
