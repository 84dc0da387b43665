"""Words of many texts replaced at once, on Arrow's buffers."""

import numpy as np
import pyarrow as pa

from lingualift.codeswitch.lexicon import TranslationArrays
from lingualift.messages import LinguaLiftError


def replace_words(
    texts: pa.Array,
    sentence: np.ndarray,
    start: np.ndarray,
    end: np.ndarray,
    lexicon: TranslationArrays,
    entry: np.ndarray,
    casing: np.ndarray,
) -> tuple[pa.Array, np.ndarray]:
    """Texts with the words at character spans start:end replaced by lexicon entries; and by how
    many characters each word grew.
    """
    rows = len(texts)
    if not rows:
        return texts, np.empty(0, np.int64)
    _, offsets_buffer, data_buffer = texts.buffers()
    offsets = np.frombuffer(offsets_buffer, dtype=np.int32)[
        texts.offset : texts.offset + rows + 1
    ].astype(np.int64)
    data = (
        np.frombuffer(data_buffer, dtype=np.uint8)[offsets[0] : offsets[-1]]
        if data_buffer is not None
        else np.empty(0, np.uint8)
    )
    offsets -= offsets[0]
    if len(data) and data.max() >= 0x80:
        # character offsets to byte offsets: `characters` are the bytes at which a character begins,
        # and the end
        characters = np.append(np.flatnonzero((data & 0xC0) != 0x80), len(data))
        base = np.searchsorted(characters, offsets[:-1])[sentence]
        first, last = characters[base + start], characters[base + end]
    else:
        first, last = offsets[sentence] + start, offsets[sentence] + end
    spans = lexicon.spans[entry, casing]
    sizes = spans[:, 1] - spans[:, 0]
    # the new bytes alternate between a stretch of the old text and a replacement: gather both from
    # one buffer
    begins = np.empty(2 * len(first) + 1, dtype=np.int64)
    lengths = np.empty_like(begins)
    begins[0] = 0
    begins[2::2] = last
    begins[1::2] = spans[:, 0] + len(data)
    lengths[:-1:2] = first - begins[:-1:2]
    lengths[-1] = len(data) - begins[-1]
    lengths[1::2] = sizes
    goes_to = np.cumsum(lengths)
    index = np.repeat((begins - (goes_to - lengths)).astype(np.int32), lengths)
    index += np.arange(len(index), dtype=np.int32)
    written = np.concatenate([data, lexicon.data]).take(index)
    grown = np.bincount(sentence, weights=sizes - (last - first), minlength=rows).astype(np.int64)
    new_offsets = offsets + np.concatenate([[0], np.cumsum(grown)])
    if new_offsets[-1] >= 2**31:
        raise LinguaLiftError(
            f"code-switching: a batch of {rows} queries has 2 GB of text; split the longest queries"
        )
    result = pa.StringArray.from_buffers(
        rows, pa.py_buffer(new_offsets.astype(np.int32)), pa.py_buffer(written)
    )
    return result, lexicon.lengths[entry, casing] - (end - start)
