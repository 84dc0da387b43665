"""fastText vectors: deterministic training, stores that notice damage."""

import numpy as np
import pytest

from lingualift.artifacts import seal_directory
from lingualift.embeddings.fasttext import (
    Embeddings,
    load_embeddings,
    save_embeddings,
    save_stream,
    train_skipgram,
)
from lingualift.messages import LinguaLiftError


def test_training_twice_gives_the_same_bytes(tmp_path):
    corpus = tmp_path / "corpus.txt"
    generator = np.random.default_rng(0)
    words = [f"w{chr(97 + i // 26)}{chr(97 + i % 26)}" for i in range(60)]
    corpus.write_text(
        "\n".join(" ".join(generator.choice(words, 8)) for _ in range(200)).upper() + "\n"
    )
    first = train_skipgram(corpus, dim=8, epochs=2, buckets=500)
    rubbish = [
        generator.random(5000) for _ in range(50)
    ]  # freed memory with other values, as after other work in the process
    del rubbish
    second = train_skipgram(corpus, dim=8, epochs=2, buckets=500)
    assert first.vectors.tobytes() == second.vectors.tobytes() and first.words == second.words
    assert all(word == word.lower() for word in first.words) and list(first.frequencies) == sorted(
        first.frequencies, reverse=True
    )


def test_corpora_without_frequent_words_are_refused(tmp_path):
    for text, message in (("", "empty corpus"), ("one line only\n", "fastText cannot train")):
        (tmp_path / "c.txt").write_text(text)
        with pytest.raises(LinguaLiftError, match=message):
            train_skipgram(tmp_path / "c.txt", dim=4, epochs=1)


def test_store_is_sorted_memory_mapped_and_checked(tmp_path):
    vectors = np.arange(6, dtype=np.float32).reshape(3, 2)
    save_embeddings(tmp_path / "s", Embeddings(["a", "b", "c"], np.array([1, 5, 5]), vectors))
    store = load_embeddings(tmp_path / "s")
    assert (
        store.words == ["b", "c", "a"]
        and store.vectors[0].tolist() == [2, 3]
        and isinstance(store.vectors, np.memmap)
    )
    looked_up = store.of(["a", "zzz"])
    assert looked_up[0].tolist() == [0, 1] and np.isnan(looked_up[1]).all()
    np.save(tmp_path / "s" / "vectors.npy", vectors[:2])
    with pytest.raises(LinguaLiftError, match=r"vectors\.npy: damaged"):
        load_embeddings(tmp_path / "s")
    seal_directory(tmp_path / "s")
    with pytest.raises(LinguaLiftError, match="3 words"):
        load_embeddings(tmp_path / "s")
    (tmp_path / "s" / "vectors.npy").write_bytes(b"\x93NUMPY")
    with pytest.raises(LinguaLiftError, match="damaged"):
        load_embeddings(tmp_path / "s")
    with pytest.raises(LinguaLiftError, match="do not belong together"):
        save_embeddings(tmp_path / "t", Embeddings(["a"], np.array([1, 2]), vectors))
    assert not (tmp_path / "t").exists()


def test_a_stream_gives_the_store_that_whole_arrays_give(tmp_path):
    vectors = np.random.default_rng(0).normal(size=(12, 3)).astype(np.float32)
    words = [f"w{row}" for row in range(12)]
    blocks = ((words[start : start + 5], vectors[start : start + 5]) for start in (0, 5, 10))
    assert save_stream(tmp_path / "s", blocks, 3) == 12
    store = load_embeddings(tmp_path / "s")
    assert store.words == words and isinstance(store.vectors, np.memmap)
    np.testing.assert_array_equal(store.vectors, vectors)
    assert list(store.frequencies) == [
        12,
        6,
        4,
        3,
        3,
        2,
        2,
        2,
        2,
        2,
        2,
        1,
    ]  # Zipf: 12 / rank, rounded up


def test_a_stream_that_fails_leaves_nothing(tmp_path):
    def blocks():
        yield ["a"], np.ones((1, 2), np.float32)
        raise LinguaLiftError("line 3: broken")

    with pytest.raises(LinguaLiftError, match="line 3"):
        save_stream(tmp_path / "s", blocks(), 2)
    assert list(tmp_path.iterdir()) == []
