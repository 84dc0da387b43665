"""Spellings of one word that NFC leaves apart, as data for `text.cleaning`: by script what looks
alike, by language which letters are written for one another.

The vowel letters are those that the Unicode Standard asks not to spell in parts (chapters 12 to 13,
"vowel letters": use, do not use). The order of marks is the one that NFC would give them, had they
classes of their own.
"""

_ACUTE_AND_GRAVE = (0x0300, 0x0301, 0x030F, 0x0311)
MARKS: dict[str, dict[int, int | str | None]] = {
    # Vowel marks, Quranic annotation signs and the elongation stroke: written in scripture, left
    # out in everyday text, so that a vocalised corpus would share no word with any other; alef
    # wasla is the plain alef.
    "Arab": dict.fromkeys(
        (
            *range(0x0610, 0x061B),
            0x0640,
            *range(0x064B, 0x0653),
            *range(0x0656, 0x0660),
            0x0670,
            *range(0x06D6, 0x06EE),
            *range(0x08CA, 0x08E2),
            *range(0x08E3, 0x0900),
        )
    )
    | {0x0671: 0x0627},
    # Marks of stress, exclamation and question stand inside the word that they belong to.
    "Armn": dict.fromkeys((0x055B, 0x055C, 0x055E)) | {0x058A: "-"},
    # Stress in dictionaries and poems; letters with such a mark of their own are composed by then.
    "Cyrl": dict.fromkeys(_ACUTE_AND_GRAVE),
    "Ethi": {0x1361: " "},  # the word space
    "Grek": {
        0x00B5: "μ", 0x03D0: "β", 0x03D1: "θ", 0x03D5: "φ", 0x03D6: "π", 0x03F0: "κ", 0x03F1: "ρ",
        0x03F2: "ς", 0x03F4: "Θ", 0x03F5: "ε", 0x03F9: "Σ",
    },
    # Points and accents, as the Arabic vowel marks; the maqaf is a hyphen.
    "Hebr": dict.fromkeys((*range(0x0591, 0x05BE), 0x05BF, 0x05C1, 0x05C2, 0x05C4, 0x05C5, 0x05C7))
    | {0x05BE: "-"},
}  # fmt: skip

_MIDDLE_DOTS = {
    f"{one}{dot}{other}": f"{one}·{other}" for one, other in ("ll", "LL", "Ll") for dot in "•∙⋅‧・"
}
# Nigeria writes 'y, Niger ƴ; b', d' and k' are typed where the hooked letters have no key.
_HOOKED_LETTERS = {
    f"{plain}'{vowel}": hooked + vowel
    for plain, hooked in zip("bdkBDK", "ɓɗƙƁƊƘ", strict=True)
    for vowel in "aeiou"
} | {mark + y: hooked for mark in "'‘ʻ`´" for y, hooked in (("y", "ƴ"), ("Y", "Ƴ"))}
_DOTTED_I = {"i\u0307": "i", "ı\u0307": "i"}  # what is left of a capital İ elsewhere

# By script or language.
SEQUENCES: dict[str, dict[str, str]] = {
    "Deva": {
        "\u0905\u0945": "\u0972", "\u0905\u0946": "\u0904", "\u0905\u093e": "\u0906",
        "\u0930\u094d\u0907": "\u0908",
        "\u0909\u0941": "\u090a", "\u090f\u0945": "\u090d", "\u090f\u0946": "\u090e",
        "\u090f\u0947": "\u0910", "\u0905\u0949": "\u0911", "\u0906\u0945": "\u0911",
        "\u0905\u094a": "\u0912", "\u0906\u0946": "\u0912", "\u0905\u094b": "\u0913",
        "\u0906\u0947": "\u0913", "\u0905\u094c": "\u0914", "\u0906\u0948": "\u0914",
    },
    "Beng": {
        "\u0985\u09be": "\u0986", "\u09a4\u09cd\u200d": "\u09ce",
        "\u09b0\u200c\u09cd\u09af": "\u09b0\u200d\u09cd\u09af", "\u098b\u09c3": "\u09e0",
    },
    "Guru": {
        "\u0a05\u0a3e": "\u0a06", "\u0a72\u0a3f": "\u0a07", "\u0a72\u0a40": "\u0a08",
        "\u0a73\u0a41": "\u0a09", "\u0a73\u0a42": "\u0a0a", "\u0a72\u0a47": "\u0a0f",
        "\u0a05\u0a48": "\u0a10", "\u0a73\u0a4b": "\u0a13", "\u0a05\u0a4c": "\u0a14",
    },
    "Gujr": {
        "\u0a85\u0abe": "\u0a86", "\u0a85\u0ac5": "\u0a8d", "\u0a85\u0ac7": "\u0a8f",
        "\u0a85\u0ac8": "\u0a90", "\u0a85\u0ac9": "\u0a91", "\u0a85\u0acb": "\u0a93",
        "\u0a85\u0abe\u0ac7": "\u0a93", "\u0a85\u0acc": "\u0a94", "\u0a85\u0abe\u0ac8": "\u0a94",
        "\u0ac5\u0abe": "\u0ac9",
    },
    "Orya": {
        "\u0b05\u0b3e": "\u0b06", "\u0b0f\u0b57": "\u0b10", "\u0b13\u0b57": "\u0b14",
    },
    "Taml": {
        "\u0b85\u0bc2": "\u0b86",
    },
    "Telu": {
        "\u0c12\u0c55": "\u0c13", "\u0c12\u0c4c": "\u0c14", "\u0c3f\u0c55": "\u0c40",
        "\u0c46\u0c55": "\u0c47", "\u0c4a\u0c55": "\u0c4b",
    },
    "Knda": {
        "\u0c89\u0cbe": "\u0c8a", "\u0c92\u0ccc": "\u0c94", "\u0c8b\u0cbe": "\u0ce0",
    },
    "Mlym": {
        "\u0d07\u0d57": "\u0d08", "\u0d09\u0d57": "\u0d0a", "\u0d0e\u0d46": "\u0d10",
        "\u0d12\u0d3e": "\u0d13", "\u0d12\u0d57": "\u0d14", "\u0d23\u0d4d\u200d": "\u0d7a",
        "\u0d28\u0d4d\u200d": "\u0d7b", "\u0d30\u0d4d\u200d": "\u0d7c",
        "\u0d32\u0d4d\u200d": "\u0d7d", "\u0d33\u0d4d\u200d": "\u0d7e",
        "\u0d15\u0d4d\u200d": "\u0d7f", "\u0d28\u0d4d\u200d\u0d31": "\u0d28\u0d4d\u0d31",
        "\u0d7b\u0d4d\u0d31": "\u0d28\u0d4d\u0d31", "\u0d7b\u0d31": "\u0d28\u0d4d\u0d31",
        "\u0d4c": "\u0d57",
    },
    "Sinh": {
        "\u0d85\u0dcf": "\u0d86", "\u0d85\u0dd0": "\u0d87", "\u0d85\u0dd1": "\u0d88",
        "\u0d8b\u0ddf": "\u0d8c", "\u0d8d\u0dd8": "\u0d8e", "\u0d91\u0dca": "\u0d92",
        "\u0d91\u0dd9": "\u0d93", "\u0d94\u0ddf": "\u0d96",
    },
    "Thai": {
        "\u0e40\u0e40": "\u0e41", "\u0e4d\u0e32": "\u0e33",
    },
    "Laoo": {
        "\u0ec0\u0ec0": "\u0ec1", "\u0ecd\u0eb2": "\u0eb3",
    },
    "Khmr": {
        "\u17c1\u17b8": "\u17be", "\u17c1\u17b6": "\u17c4",
    },
    "Mymr": {
        "\u1005\u103b": "\u1008", "\u1025\u1039": "\u1009\u1039", "\u1025\u103a": "\u1009\u103a",
    },
    "az": _DOTTED_I,
    "ca": _MIDDLE_DOTS,
    "ha": _HOOKED_LETTERS,
    # the eyelash ra, as each language types it
    "mr": {"\u0930\u094d\u200d": "\u0931\u094d"},
    "ne": {"\u0931\u094d": "\u0930\u094d\u200d"},
    "tr": _DOTTED_I,
    "ur": {"ی\u0654": "ئ"},
}  # fmt: skip

# By script: two groups that belong in the other order (patterns of `regex`).
_NUKTA = r"([\p{{Mc}}\p{{Mn}}--[{nukta}{virama}]])({nukta})"
REORDERED: dict[str, tuple[str, ...]] = {
    **{
        script: (_NUKTA.format(nukta=nukta, virama=virama),)
        for script, nukta, virama in (
            ("Deva", "\u093c", "\u094d"),
            ("Beng", "\u09bc", "\u09cd"),
            ("Guru", "\u0a3c", "\u0a4d"),
            ("Gujr", "\u0abc", "\u0acd"),
            ("Orya", "\u0b3c", "\u0b4d"),
            ("Knda", "\u0cbc", "\u0ccd"),
        )
    },
    # tone marks after the vowels above, and before the sara am
    "Thai": (
        "([\u0e48-\u0e4b])([\u0e31\u0e34-\u0e37\u0e47\u0e4d])(?!\u0e32)",
        "(\u0e33|\u0e4d(?=[\u0e48-\u0e4b]\u0e32))([\u0e48-\u0e4b])",
    ),
    "Laoo": (
        "([\u0ec8-\u0ecb])([\u0eb1\u0eb4-\u0eb7\u0ebb\u0ecd])(?!\u0eb2)",
        "(\u0eb3|\u0ecd(?=[\u0ec8-\u0ecb]\u0eb2))([\u0ec8-\u0ecb])",
    ),
}

_BAR = {0x00D0: "Đ", 0x00F0: "đ", 0x0189: "Đ", 0x0256: "đ"}
_PERSIAN = {0x064A: "ی", 0x0649: "ی", 0x0643: "ک", 0x06AA: "ک"}
LETTERS: dict[str, dict[int, str]] = {
    "ar": {0x06CC: "ي", 0x06A9: "ك", 0x06AA: "ك", 0x06C1: "ه"},
    "fa": _PERSIAN,
    "hr": _BAR,
    "ro": {0x015E: "Ș", 0x015F: "ș", 0x0162: "Ț", 0x0163: "ț"},  # a comma, not a cedilla
    "ur": _PERSIAN | {0x0647: "ہ", 0x0629: "ۃ", 0x06C0: "ۂ"},
    "vi": _BAR,
}
