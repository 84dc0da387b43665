"""How a tokenizer reads numbers: every digit as a token of its own, or several joined.

SmolLM, LLaMA and Gemma read a number digit by digit; the tokenizers of XLM-R, mT5 and BERT make
"47" one token, and that of Gemma half of all Bengali numbers of two digits. Where an encoder joins
what the LLM splits, one state has to become several embeddings, and numbers are copied badly. So
the encoder can be told to read digit by digit, too: a step of its tokenizer cuts numbers before its
model sees them.
"""

import unicodedata
from functools import cache
from typing import Any

from lingualift.messages import LinguaLiftError

NUMBERS = " ".join(map(str, range(100)))
PLANES = 0x20000  # code points of Unicode's first two planes, where all of its decimal digits are


@cache
def numbers_of_every_script() -> list[str]:
    """0 to 99 in the decimal digits of every script that Unicode has, a text each."""
    zeros = [code for code in range(PLANES) if unicodedata.decimal(chr(code), None) == 0]
    return [
        NUMBERS.translate({ord("0") + digit: zero + digit for digit in range(10)}) for zero in zeros
    ]


def reads_digits_alone(tokenizer: Any) -> bool:
    """Whether no token stands for two of the digits 0 to 9."""
    return _apart(tokenizer, NUMBERS)


def _apart(tokenizer: Any, numbers: str) -> bool:
    """Whether no token stands for two digits of a text; a slow tokenizer tells its tokens alone."""
    if tokenizer.is_fast:
        encoded = tokenizer(
            numbers, add_special_tokens=False, return_offsets_mapping=True, verbose=False
        )
        parts = [numbers[start:end] for start, end in encoded["offset_mapping"]]
    else:
        ids = tokenizer(numbers, add_special_tokens=False, verbose=False)["input_ids"]
        parts = tokenizer.convert_ids_to_tokens(ids)
    return all(sum(character.isdigit() for character in part) < 2 for part in parts)


def split_digits(tokenizer: Any) -> None:
    """Let a fast tokenizer read every digit of a number, of any script, as a token of its own; the
    offsets stay those of the text.

    The step stands behind what divides words, for `Metaspace` would put its mark before every
    digit, but before `ByteLevel`, which turns other scripts' digits into bytes. Raises
    `LinguaLiftError` for a slow tokenizer, and where its digits remain joined.
    """
    from tokenizers import pre_tokenizers

    if not tokenizer.is_fast:
        raise LinguaLiftError(
            f"encoder {tokenizer.name_or_path}: its tokenizer (no tokenizer.json) cannot be told to"
            " split digits; set encoder.split_digits: false, or use another encoder"
        )
    backend = tokenizer.backend_tokenizer
    before = backend.pre_tokenizer
    whole = isinstance(before, pre_tokenizers.Sequence)
    steps = list(before) if whole else [step for step in (before,) if step is not None]
    byte_levels = [
        index for index, step in enumerate(steps) if isinstance(step, pre_tokenizers.ByteLevel)
    ]
    position = byte_levels[0] if byte_levels else len(steps)
    steps.insert(position, pre_tokenizers.Digits(individual_digits=True))
    backend.pre_tokenizer = pre_tokenizers.Sequence(steps)
    if not all(_apart(tokenizer, numbers) for numbers in numbers_of_every_script()):
        raise LinguaLiftError(
            f"encoder {tokenizer.name_or_path}: its tokenizer joins digits in spite of being told"
            " to split them; set encoder.split_digits: false, or use another encoder"
        )
