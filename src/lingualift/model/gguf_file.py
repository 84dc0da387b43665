"""The GGUF container (versions 2 and 3, little-endian): metadata and tensor table, read in one pass
over a memory map.

The `gguf` package's own reader makes one array view for each of a vocabulary's strings (12 s for
Gemma's 262,144 tokens); this one decodes them directly (0.4 s) and leaves only the de-quantisation
to that package.
"""

import mmap
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lingualift.data.rows import UNREADABLE
from lingualift.messages import LinguaLiftError

_SCALARS = {
    0: "<u1",
    1: "<i1",
    2: "<u2",
    3: "<i2",
    4: "<u4",
    5: "<i4",
    6: "<f4",
    7: "?",
    10: "<u8",
    11: "<i8",
    12: "<f8",
}
_STRING, _ARRAY = 8, 9
_DEFAULT_ALIGNMENT = 32


@dataclass(frozen=True)
class Tensor:
    """Where a tensor lies: shape outermost dimension first, quantisation type, byte range of the
    file.
    """

    name: str
    shape: tuple[int, ...]
    kind: int
    start: int
    stop: int


@dataclass(frozen=True)
class GgufFile:
    """An opened file: metadata by key (numbers, strings, lists of strings, arrays of numbers) and
    tensors by name.
    """

    path: Path
    fields: dict[str, Any]
    tensors: dict[str, Tensor]
    data: mmap.mmap

    def field(self, key: str) -> Any:
        """A metadata value; a missing key raises `LinguaLiftError`."""
        if key not in self.fields:
            raise LinguaLiftError(f"{self.path}: GGUF metadata has no '{key}'")
        return self.fields[key]

    def values(self, tensor: Tensor) -> np.ndarray:
        """The de-quantised tensor, float32 in its shape."""
        from gguf import GGMLQuantizationType
        from gguf.quants import dequantize

        kind = GGMLQuantizationType(tensor.kind)
        raw = np.frombuffer(self.data, np.uint8, tensor.stop - tensor.start, tensor.start)
        if kind in (GGMLQuantizationType.F32, GGMLQuantizationType.F16):
            return (
                raw.view("<f4" if kind == GGMLQuantizationType.F32 else "<f2")
                .astype(np.float32)
                .reshape(tensor.shape)
            )
        return (
            dequantize(raw.reshape(*tensor.shape[:-1], -1), kind)
            .astype(np.float32, copy=False)
            .reshape(tensor.shape)
        )


def open_gguf(path: str | Path) -> GgufFile:
    """Map the file and read its tables. A file that is missing, truncated or not GGUF raises
    `LinguaLiftError`.
    """
    path = Path(path)
    try:
        with open(path, "rb") as handle:
            data = mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ)
        return _Cursor(data).file(path)
    except FileNotFoundError as error:
        raise LinguaLiftError(f"{path}: no such GGUF file; retrieve its package first") from error
    except (*UNREADABLE, struct.error, TypeError) as error:
        raise LinguaLiftError(
            f"{path}: not a readable GGUF file ({error}); delete it and run again"
        ) from error


class _Cursor:
    """Reads values one after the other."""

    def __init__(self, data: mmap.mmap) -> None:
        self.data, self.position = data, 0

    def file(self, path: Path) -> GgufFile:
        from gguf import GGML_QUANT_SIZES, GGMLQuantizationType

        if self._bytes(4) != b"GGUF":
            raise ValueError("does not begin with 'GGUF'")
        version = self._number("<I", 4)
        if version not in (2, 3):
            raise ValueError(f"version {version}")
        tensor_count, field_count = self._number("<Q", 8), self._number("<Q", 8)
        fields = {}
        for _ in range(field_count):
            key = self._string()
            fields[key] = self._value(self._number("<I", 4))
        headers = []
        for _ in range(tensor_count):
            name = self._string()
            inner_first = [self._number("<Q", 8) for _ in range(self._number("<I", 4))]
            headers.append(
                (name, tuple(reversed(inner_first)), self._number("<I", 4), self._number("<Q", 8))
            )
        alignment = fields.get("general.alignment", _DEFAULT_ALIGNMENT)
        base = -(-self.position // alignment) * alignment
        tensors = {}
        for name, shape, kind, offset in headers:
            block, size = GGML_QUANT_SIZES[GGMLQuantizationType(kind)]
            count = int(np.prod(shape, dtype=object))
            if not shape or shape[-1] % block:
                raise ValueError(f"tensor '{name}' has shape {shape}")
            start = base + offset
            stop = start + count // block * size
            if stop > len(self.data):
                raise ValueError(f"tensor '{name}' lies beyond the end of the file")
            tensors[name] = Tensor(name, shape, kind, start, stop)
        return GgufFile(path, fields, tensors, self.data)

    def _bytes(self, count: int) -> bytes:
        if self.position + count > len(self.data):
            raise ValueError("ends early")
        taken = self.data[self.position : self.position + count]
        self.position += count
        return taken

    def _number(self, form: str, size: int) -> int:
        return struct.unpack(form, self._bytes(size))[0]

    def _string(self) -> str:
        return self._bytes(self._number("<Q", 8)).decode("utf-8")

    def _value(self, kind: int) -> Any:
        if kind == _STRING:
            return self._string()
        if kind == _ARRAY:
            inner, count = self._number("<I", 4), self._number("<Q", 8)
            if inner == _STRING:
                return [self._string() for _ in range(count)]
            if inner not in _SCALARS:
                raise ValueError(f"metadata array of type {inner}")
            form = np.dtype(_SCALARS[inner])
            return np.frombuffer(self._bytes(count * form.itemsize), form)
        if kind not in _SCALARS:
            raise ValueError(f"metadata of type {kind}")
        form = np.dtype(_SCALARS[kind])
        return np.frombuffer(self._bytes(form.itemsize), form)[0].item()
