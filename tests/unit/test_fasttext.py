"""fastText vectors: deterministic training, published files read strictly, stores that notice damage."""

import logging

import numpy as np
import pytest

from lingualift.embeddings.fasttext import Embeddings, load_embeddings, read_bin, read_vec, save_embeddings, train_skipgram
from lingualift.errors import LinguaLiftError

VEC = "4 2\nthe 1 2\nof 3 4\nwater 5 6\ntwo\u00a0words 7 8\n"


def test_training_twice_gives_the_same_bytes(tmp_path):
    corpus = tmp_path / "corpus.txt"
    generator = np.random.default_rng(0)
    words = [f"w{chr(97 + i // 26)}{chr(97 + i % 26)}" for i in range(60)]
    corpus.write_text("\n".join(" ".join(generator.choice(words, 8)) for _ in range(200)).upper() + "\n")
    first = train_skipgram(corpus, dim=8, epochs=2, buckets=500)
    rubbish = [generator.random(5000) for _ in range(50)]  # freed memory with other values, as after other work in the process
    del rubbish
    second = train_skipgram(corpus, dim=8, epochs=2, buckets=500)
    assert first.vectors.tobytes() == second.vectors.tobytes() and first.words == second.words
    assert all(word == word.lower() for word in first.words) and list(first.frequencies) == sorted(first.frequencies, reverse=True)


def test_corpora_without_frequent_words_are_refused(tmp_path):
    for text, message in (("", "empty corpus"), ("one line only\n", "fastText cannot train")):
        (tmp_path / "c.txt").write_text(text)
        with pytest.raises(LinguaLiftError, match=message):
            train_skipgram(tmp_path / "c.txt", dim=4, epochs=1)


def test_text_vectors_first_words_and_other_white_space(tmp_path):
    path = tmp_path / "wiki.vec"
    path.write_text(VEC, encoding="utf-8")
    everything = read_vec(path)
    assert everything.words == ["the", "of", "water", "two\u00a0words"] and everything.vectors[2].tolist() == [5, 6]
    assert list(everything.frequencies) == [4, 2, 2, 1]
    assert read_vec(path, 2).words == ["the", "of"]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("bad 1", "1 numbers where 2 were expected"),
        ("bad 1 2 3", "3 numbers"),
        ("bad x y", "not numbers"),
        ("bad nan 1", "not finite"),
        ("the 1 1", "seen before"),
    ],
)
def test_malformed_lines_are_skipped_or_refused_by_number(tmp_path, caplog, line, problem):
    path = tmp_path / "wiki.vec"
    path.write_text(VEC.replace("4 2\n", "5 2\n").replace("of 3 4\n", f"of 3 4\n{line}\n"), encoding="utf-8")
    with caplog.at_level(logging.WARNING):
        assert len(read_vec(path).words) == 4
    assert "line 4" in caplog.text and problem in caplog.text
    with pytest.raises(LinguaLiftError, match=f"line 4: .*{problem}"):
        read_vec(path, strict=True)


def test_skipped_lines_do_not_shorten_the_first_words(tmp_path):
    path = tmp_path / "wiki.vec"
    path.write_text("4 2\nthe 1\nof 3 4\nwater 5 6\nfire 1 1\n")
    assert read_vec(path, 2).words == ["of", "water"]


@pytest.mark.parametrize("text", [VEC[: VEC.index("water")], VEC[:-1], VEC.replace("4 2\n", "9 2\n")])
def test_truncated_text_is_refused(tmp_path, text):
    path = tmp_path / "wiki.vec"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(LinguaLiftError, match="truncated"):
        read_vec(path)


def test_foreign_files_are_refused(tmp_path):
    (tmp_path / "a.vec").write_text("the 1 2\n")
    with pytest.raises(LinguaLiftError, match="line 1"):
        read_vec(tmp_path / "a.vec")
    (tmp_path / "a.bin").write_bytes(b"nothing")
    for path in (tmp_path / "a.bin", tmp_path / "absent.bin"):
        with pytest.raises(LinguaLiftError, match=path.name):
            read_bin(path)


def test_store_is_sorted_memory_mapped_and_checked(tmp_path):
    vectors = np.arange(6, dtype=np.float32).reshape(3, 2)
    save_embeddings(tmp_path / "s", Embeddings(["a", "b", "c"], np.array([1, 5, 5]), vectors))
    store = load_embeddings(tmp_path / "s")
    assert store.words == ["b", "c", "a"] and store.vectors[0].tolist() == [2, 3] and isinstance(store.vectors, np.memmap)
    looked_up = store.of(["a", "zzz"])
    assert looked_up[0].tolist() == [0, 1] and np.isnan(looked_up[1]).all()
    np.save(tmp_path / "s" / "vectors.npy", vectors[:2])
    with pytest.raises(LinguaLiftError, match="3 words"):
        load_embeddings(tmp_path / "s")
    (tmp_path / "s" / "vectors.npy").write_bytes(b"\x93NUMPY")
    with pytest.raises(LinguaLiftError, match="damaged"):
        load_embeddings(tmp_path / "s")
    with pytest.raises(LinguaLiftError, match="do not belong together"):
        save_embeddings(tmp_path / "t", Embeddings(["a"], np.array([1, 2]), vectors))
    assert not (tmp_path / "t").exists()
