"""Made-up fonts: every letter is a square of the same size, so that a test can tell by its width
who drew a text.
"""

import struct
import zlib

from lingualift.figures.typefaces import Typeface

UNITS = 1000  # a size of 10 pixels draws an advance of 3,000 units as 30 pixels
ADVANCE = 3000
SIDE = 700  # of the square, which starts at the origin


def typeface(family: str, letters: str) -> Typeface:
    """A font that holds these letters alone."""
    data = woff(tables(family, letters))
    ranges = ",".join(f"U+{ord(letter):X}" for letter in sorted(set(letters)))
    return Typeface(family, ranges, woff=data, woff2=data)  # browsers look at the first bytes


def tables(family: str, letters: str) -> dict[str, bytes]:
    """The tables of a TrueType font (OpenType 1.9): glyph 0 is empty, the others are squares."""
    codes = sorted(map(ord, set(letters)))
    count = len(codes) + 1
    square = struct.pack(">hhhhhHH", 1, 0, 0, SIDE, SIDE, 3, 0) + bytes([1] * 4)
    square += struct.pack(">4h4h", 0, 0, SIDE, 0, 0, SIDE, 0, -SIDE) + b"\0\0"
    offsets = [0, *(len(square) * number for number in range(count))]
    groups = [struct.pack(">III", code, code, glyph) for glyph, code in enumerate(codes, 1)]
    return {
        "OS/2": struct.pack(">HhHHH", 4, ADVANCE, 400, 5, 0)
        + struct.pack(
            ">11h10s16s4sHHH", *[0] * 11, b"", b"", b"TEST", 64, min(codes[0], 0xFFFF), 0xFFFF
        )
        + struct.pack(">hhhHH8x", 800, -200, 0, 800, 200)
        + struct.pack(">hhHHH", 500, 700, 0, 32, 1),
        "cmap": struct.pack(">HHHHI", 0, 1, 3, 10, 12)
        + struct.pack(">HHIII", 12, 0, 16 + 12 * len(codes), 0, len(codes))
        + b"".join(groups),
        "glyf": square * len(codes),
        "head": struct.pack(">IIIIHH16x", 0x10000, 0x10000, 0, 0x5F0F3CF5, 0, UNITS)
        + struct.pack(">hhhhHHhhh", 0, 0, SIDE, SIDE, 0, 8, 2, 1, 0),
        "hhea": struct.pack(">IhhhHhhhhhh", 0x10000, 800, -200, 0, ADVANCE, 0, 0, SIDE, 1, 0, 0)
        + struct.pack(">8xhH", 0, count),
        "hmtx": struct.pack(">Hh", ADVANCE, 0) * count,
        "loca": struct.pack(f">{count + 1}I", *offsets),
        "maxp": struct.pack(">IHHHHHH16x", 0x10000, count, 4, 1, 0, 0, 2),
        "name": _names(family),
        "post": struct.pack(">IIhhI16x", 0x30000, 0, -100, 50, 0),
    }


def _names(family: str) -> bytes:
    """The names of a regular font: family, style, full name, PostScript name."""
    texts = {1: family, 2: "Regular", 4: family, 6: family.replace(" ", "")}
    records, storage = b"", b""
    for number, text in texts.items():
        data = text.encode("utf-16-be")
        records += struct.pack(">HHHHHH", 3, 1, 0x409, number, len(data), len(storage))
        storage += data
    return struct.pack(">HHH", 0, len(texts), 6 + len(records)) + records + storage


def woff(content: dict[str, bytes]) -> bytes:
    """Tables as a WOFF file (WOFF File Format 1.0), each compressed where that makes it shorter."""
    head = 44 + 20 * len(content)
    directory, body = b"", b""
    for tag, data in sorted(content.items()):
        packed = min(zlib.compress(data), data, key=len)
        directory += struct.pack(
            ">4sIIII", tag.encode(), head + len(body), len(packed), len(data), _checksum(data)
        )
        body += packed + bytes(-len(packed) % 4)
    plain = 12 + sum(16 + len(data) + -len(data) % 4 for data in content.values())
    sizes = struct.pack(">IHHI", head + len(body), len(content), 0, plain)
    return b"wOFF\0\1\0\0" + sizes + struct.pack(">HH20x", 1, 0) + directory + body


def _checksum(data: bytes) -> int:
    padded = data + bytes(-len(data) % 4)
    return sum(struct.unpack(f">{len(padded) // 4}I", padded)) & 0xFFFFFFFF
