"""Published fastText vectors in a retrieved folder: text format (`wiki.sw.vec`) or fastText's own (`cc.sw.300.bin`)."""

from pathlib import Path

from lingualift.artifacts import read_parquet
from lingualift.embeddings.fasttext import VOCABULARY_SCHEMA, Embeddings, read_bin, read_vec
from lingualift.errors import LinguaLiftError


def read_pretrained(folder: str | Path, limit: int) -> Embeddings:
    """The `limit` most frequent words of the one vector file below `folder`; none, or several, raise `LinguaLiftError`."""
    files = sorted(path for path in Path(folder).rglob("*") if path.suffix in (".vec", ".bin"))
    if len(files) != 1:
        found = ", ".join(path.name for path in files) or "none"
        raise LinguaLiftError(
            f"{folder}: expected one file of vectors (.vec or .bin), found {found}; correct its entry in config/sources.yaml"
        )
    return read_bin(files[0], limit) if files[0].suffix == ".bin" else read_vec(files[0], limit)


def stored_words(store: str | Path) -> dict[str, float]:
    """The words of a vector store with their frequencies: what stands for a corpus where the configuration names none."""
    table = read_parquet(Path(store) / "vocabulary.parquet", VOCABULARY_SCHEMA)
    return dict(zip(table["word"].to_pylist(), map(float, table["frequency"].to_pylist()), strict=True))
