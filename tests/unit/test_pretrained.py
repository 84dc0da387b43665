"""Published vectors take the place of trained ones, and of a corpus."""

from pathlib import Path

import numpy as np
import pytest

from lingualift.embeddings.fasttext import save_embeddings
from lingualift.embeddings.pretrained import read_pretrained, stored_words
from lingualift.errors import LinguaLiftError

TEXT = "3 2\nmaji 1.0 0.5\nna -1.0 2.0\nnyumba 0.25 0.0\n"


def test_the_most_frequent_words_are_kept_in_their_order(tmp_path: Path) -> None:
    (tmp_path / "wiki.sw.vec").write_text(TEXT, encoding="utf-8")
    (tmp_path / "MANIFEST.json").write_text("{}")
    vectors = read_pretrained(tmp_path, 2)
    assert vectors.words == ["maji", "na"]
    np.testing.assert_array_equal(vectors.vectors, np.array([[1.0, 0.5], [-1.0, 2.0]], np.float32))


@pytest.mark.parametrize(("files", "found"), [([], "none"), (["a.vec", "b.vec"], "a.vec, b.vec")])
def test_a_folder_without_exactly_one_vector_file_is_refused_by_name(tmp_path: Path, files: list[str], found: str) -> None:
    for name in files:
        (tmp_path / name).write_text(TEXT, encoding="utf-8")
    with pytest.raises(LinguaLiftError, match=f"expected one file of vectors.*found {found}"):
        read_pretrained(tmp_path, 10)


def test_a_store_gives_back_its_words_as_a_vocabulary(tmp_path: Path) -> None:
    (tmp_path / "wiki.sw.vec").write_text(TEXT, encoding="utf-8")
    save_embeddings(tmp_path / "store", read_pretrained(tmp_path, 10))
    words = stored_words(tmp_path / "store")
    assert list(words) == ["maji", "na", "nyumba"]
    assert sorted(words.values(), reverse=True) == list(words.values())
