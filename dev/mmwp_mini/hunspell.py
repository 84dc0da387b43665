"""Words that a Hunspell dictionary does not know, one list a language.

A dictionary misses compounds and names, so this is a list to read, not a test that passes. Debian
has a package a language (`apt install hunspell hunspell-de-de`); where program or dictionary is
missing, the reason is printed instead.
"""

import shutil
import subprocess
from collections import Counter
from collections.abc import Mapping, Sequence

import regex

from lingualift.messages import LinguaLiftError

# Debian's names of the dictionaries (2026); for the other languages of the set it has none.
DICTIONARIES = {
    "af": "af_ZA", "ar": "ar", "be": "be_BY", "bg": "bg_BG", "bn": "bn_BD", "ca": "ca",
    "cs": "cs_CZ", "da": "da_DK", "de": "de_DE", "en": "en_GB", "es": "es_ES", "eu": "eu",
    "fr": "fr", "gu": "gu_IN", "hi": "hi_IN", "hr": "hr_HR", "hu": "hu_HU", "id": "id_ID",
    "is": "is_IS", "it": "it_IT", "ko": "ko", "ml": "ml_IN", "nb": "nb_NO", "ne": "ne_NP",
    "nl": "nl", "pl": "pl_PL", "pt": "pt_BR", "ro": "ro_RO", "ru": "ru_RU", "sk": "sk_SK",
    "sl": "sl_SI", "sr": "sr_RS", "sv": "sv_SE", "sw": "sw_TZ", "te": "te_IN", "uk": "uk_UA",
    "vi": "vi_VN",
}  # fmt: skip
# With the apostrophe and the raised dot of п’ятниця and pel·lícula
_WORD = regex.compile(r"[\p{L}\p{M}]+(?:[\u200c\u200d'’·-]?[\p{L}\p{M}]+)*")


def missing(language: str) -> str:
    """Why a language cannot be checked here; an empty string where it can."""
    if language not in DICTIONARIES:
        return f"{language}: Debian has no Hunspell dictionary"
    if not shutil.which("hunspell"):
        return "hunspell is not installed (apt install hunspell)"
    probe = _run(DICTIONARIES[language], "")
    if probe.returncode:
        return f"{language}: the dictionary {DICTIONARIES[language]} is not installed"
    return ""


def unknown_words(
    questions: Mapping[str, str], language: str, known: Sequence[str] = ()
) -> dict[str, list[str]]:
    """The words that the dictionary does not know, with the problems that hold them.

    `known` are words that need no dictionary, such as names. Raises LinguaLiftError where program
    or dictionary is missing.
    """
    if reason := missing(language):
        raise LinguaLiftError(reason)
    counts = Counter(word for text in questions.values() for word in _WORD.findall(text))
    words = sorted(set(counts) - set(known))
    output = _run(DICTIONARIES[language], "\n".join(words)).stdout.split()
    return {
        word: [key for key, text in questions.items() if word in _WORD.findall(text)]
        for word in words
        if word in set(output)
    }


def _run(dictionary: str, text: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["hunspell", "-i", "utf-8", "-d", dictionary, "-l"],
        input=text,
        capture_output=True,
        text=True,
        check=False,
    )
