"""Published vectors: read in blocks and strictly, named by line where they are wrong, in the place
of trained ones and of a corpus.
"""

import gzip
import logging
from pathlib import Path

import fasttext
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lingualift.embeddings import pretrained
from lingualift.embeddings.fasttext import load_embeddings, zeroed_memory
from lingualift.embeddings.pretrained import VecFile, read_bin, store_pretrained, stored_words
from lingualift.messages import LinguaLiftError

VEC = "4 2\nthe 1 2\nof 3 4\nwater 5 6\ntwo\u00a0words 7 8\n"


def read(path: Path, limit: int | None = None, **settings) -> tuple[list[str], np.ndarray]:
    """All blocks of a file together."""
    blocks = list(VecFile(path, limit, **settings))
    return [word for words, _ in blocks for word in words], np.concatenate(
        [vectors for _, vectors in blocks]
    )


@pytest.fixture(params=[1 << 23, 16], ids=["one block", "many blocks"])
def block(request, monkeypatch):
    """Blocks as they are, and so small that lines begin and end in different ones."""
    monkeypatch.setattr(pretrained, "BLOCK", request.param)


ENDS = {
    "plain": VEC,
    "trailing spaces": VEC.replace("\n", " \n").replace("4 2 ", "4 2"),
    "several trailing blanks": VEC.replace("\n", "  \t \n"),
    "Windows": VEC.replace("\n", "\r\n"),
    "Windows after a blank": VEC.replace("\n", " \r\n"),
    "byte-order mark": "\ufeff" + VEC,
    "byte-order mark, Windows": "\ufeff" + VEC.replace("\n", "\r\n"),
}


@pytest.mark.parametrize("text", ENDS.values(), ids=ENDS)
def test_the_first_words_are_kept_in_their_order_and_hold_other_white_space(tmp_path, block, text):
    path = tmp_path / "wiki.vec"
    path.write_bytes(text.encode())
    words, vectors = read(path, strict=True)
    assert words == ["the", "of", "water", "two\u00a0words"]
    np.testing.assert_array_equal(vectors, np.array([[1, 2], [3, 4], [5, 6], [7, 8]], np.float32))
    assert read(path, 2)[0] == ["the", "of"] and read(path, 99)[0] == words


BAD = [
    ("bad 1", "1 numbers where 2 were expected"),
    ("bad 1 2 3", "3 numbers"),
    ("bad x y", "not numbers"),
    ("bad nan 1", "not finite"),
    ("bad inf 1", "not finite"),
    ("the 1 1", "seen before"),
    (" 1 1", "no word"),
    ("", "0 numbers"),
]


@pytest.mark.parametrize(("line", "problem"), BAD)
def test_malformed_lines_are_skipped_or_refused_by_number(tmp_path, block, caplog, line, problem):
    path = tmp_path / "wiki.vec"
    path.write_text(
        VEC.replace("4 2\n", "5 2\n").replace("of 3 4\n", f"of 3 4\n{line}\n"), encoding="utf-8"
    )
    with caplog.at_level(logging.WARNING):
        assert read(path)[0] == ["the", "of", "water", "two\u00a0words"]
    assert (
        f"{path}: 1 line(s) skipped" in caplog.text
        and "line 4" in caplog.text
        and problem in caplog.text
    )
    with pytest.raises(LinguaLiftError, match=f"line 4: .*{problem}"):
        read(path, strict=True)


def test_bytes_that_are_not_utf8_are_a_malformed_line(tmp_path, caplog):
    path = tmp_path / "wiki.vec"
    path.write_bytes(b"3 1\nthe 1\n\xff\xfe 2\nof 3\n")
    with caplog.at_level(logging.WARNING):
        assert read(path)[0] == ["the", "of"]
    assert "not UTF-8 (line 3)" in caplog.text


def test_words_that_end_lines_elsewhere_are_whole_here(tmp_path):
    path = tmp_path / "wiki.vec"
    path.write_text('4 1\na\rb 1\n"quoted 2\n\ufeff 3\nx\\ 4\n', encoding="utf-8", newline="")
    assert read(path)[0] == ["a\rb", '"quoted', "\ufeff", "x\\"]


def test_skipped_lines_do_not_shorten_the_first_words(tmp_path, block):
    path = tmp_path / "wiki.vec"
    path.write_text("4 2\nthe 1\nof 3 4\nwater 5 6\nfire 1 1\n")
    assert read(path, 2)[0] == ["of", "water"]


@pytest.mark.parametrize(
    "text", [VEC[: VEC.index("water")], VEC[:-2], VEC.replace("4 2\n", "9 2\n")]
)
def test_truncated_text_is_refused_and_leaves_nothing(tmp_path, block, text):
    (tmp_path / "in").mkdir()
    path = tmp_path / "in/wiki.vec"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(LinguaLiftError, match=r"wiki\.vec: truncated"):
        store_pretrained(tmp_path / "in", tmp_path / "store", 100)
    assert [entry.name for entry in tmp_path.iterdir()] == ["in"]


def test_foreign_files_are_refused_by_name(tmp_path):
    for text in ("the 1 2\n", "0 300\n", ""):
        (tmp_path / "a.vec").write_text(text)
        with pytest.raises(LinguaLiftError, match=r"a\.vec, line 1"):
            VecFile(tmp_path / "a.vec")
    (tmp_path / "a.vec").write_text("2 2\nthe x y\nof 1\n")
    with pytest.raises(LinguaLiftError, match=r"a\.vec, line 2: not numbers; no usable line of 2"):
        read(tmp_path / "a.vec")
    (tmp_path / "a.bin").write_bytes(b"nothing")
    for path in (tmp_path / "a.bin", tmp_path / "absent.bin"):
        with pytest.raises(LinguaLiftError, match=path.name):
            read_bin(path)


def test_a_line_without_end_is_refused_before_memory_is_full(tmp_path, monkeypatch):
    monkeypatch.setattr(pretrained, "LONGEST", 1000)
    (tmp_path / "a.vec").write_text("2 2\nthe 1 2\n" + "x" * 5000)
    monkeypatch.setattr(pretrained, "BLOCK", 500)
    with pytest.raises(LinguaLiftError, match="line 3: longer than"):
        read(tmp_path / "a.vec")


@settings(max_examples=15, deadline=None)
@given(
    st.integers(1, 12), st.integers(1, 4), st.integers(8, 300), st.randoms(use_true_random=False)
)
def test_blocks_of_any_size_give_what_a_loop_over_lines_gives(
    tmp_path_factory, count, dim, size, random
):
    path = tmp_path_factory.mktemp("vec") / "a.vec"
    rows = [[random.uniform(-2, 2) for _ in range(dim)] for _ in range(count)]
    path.write_text(
        f"{count} {dim}\n"
        + "".join(f"w{n} {' '.join(map(repr, row))}\n" for n, row in enumerate(rows))
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pretrained, "BLOCK", size)
        words, vectors = read(path)
    assert words == [f"w{n}" for n in range(count)]
    np.testing.assert_allclose(vectors, np.array(rows, np.float32), rtol=2e-7)


def test_vectors_of_another_dimension_are_refused_by_file(tmp_path):
    (tmp_path / "wiki.sw.vec").write_text(VEC, encoding="utf-8")
    with pytest.raises(
        LinguaLiftError,
        match=r"wiki\.sw\.vec, line 1: vectors of 2 dimensions, fasttext\.dimension is 300",
    ):
        store_pretrained(tmp_path, tmp_path / "store", 10, dimension=300)
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize(
    ("files", "found"), [([], "none"), (["a.vec", "b.vec.gz"], "a.vec, b.vec.gz")]
)
def test_a_folder_without_exactly_one_vector_file_is_refused_by_name(tmp_path, files, found):
    for name in files:
        (tmp_path / name).write_text(VEC, encoding="utf-8")
    with pytest.raises(LinguaLiftError, match=f"expected one file of vectors.*found {found}"):
        store_pretrained(tmp_path, tmp_path / "store", 10)


def test_compressed_text_gives_the_same_store_and_damage_is_named(tmp_path):
    for name, content in (
        ("plain/wiki.sw.vec", VEC.encode()),
        ("packed/wiki.sw.vec.gz", gzip.compress(VEC.encode())),
    ):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_bytes(content)
        store_pretrained((tmp_path / name).parent, tmp_path / "stores" / name.split("/")[0], 10)
    first, second = (load_embeddings(tmp_path / "stores" / name) for name in ("plain", "packed"))
    assert first.words == second.words and first.vectors.tobytes() == second.vectors.tobytes()
    packed = tmp_path / "packed/wiki.sw.vec.gz"
    packed.write_bytes(packed.read_bytes()[:-12])
    with pytest.raises(LinguaLiftError, match=r"wiki\.sw\.vec\.gz: .*truncated"):
        store_pretrained(tmp_path / "packed", tmp_path / "stores/third", 10)


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    """A small real fastText model, as `cc.XX.300.bin` is one."""
    folder = tmp_path_factory.mktemp("model")
    (folder / "text").write_text("maji na nyumba na maji na mti\n" * 50)
    with zeroed_memory():  # fastText reads memory that it has not initialised, and NaN spreads
        trained = fasttext.train_unsupervised(
            str(folder / "text"), dim=4, minCount=1, epoch=1, bucket=100, thread=1, verbose=0
        )
    trained.save_model(str(folder / "cc.sw.300.bin"))
    return folder / "cc.sw.300.bin"


def test_a_binary_model_is_read_with_its_frequencies_compressed_or_not(tmp_path, model):
    stores = []
    for name, content in (
        ("a/cc.sw.300.bin", model.read_bytes()),
        ("b/cc.sw.300.bin.gz", gzip.compress(model.read_bytes())),
    ):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_bytes(content)
        assert store_pretrained(
            (tmp_path / name).parent, tmp_path / "stores" / name[0], 3, dimension=4
        ) == (3, 4)
        stores.append(load_embeddings(tmp_path / "stores" / name[0]))
    assert stores[0].words[:2] == ["na", "maji"] and list(stores[0].frequencies) == [150, 100, 50]
    expected = fasttext.load_model(str(model)).get_word_vector("maji")
    for store in stores:
        np.testing.assert_array_equal(store.vectors[1], expected)
    assert sorted(entry.name for entry in (tmp_path / "stores").iterdir()) == [
        "a",
        "b",
    ], "no temporary copy is left"


def test_damaged_models_are_one_line_errors(tmp_path, model):
    whole = model.read_bytes()
    damaged = [("cc.sw.300.bin", whole[:cut]) for cut in (0, 50, 100, 200, len(whole) - 1)]
    for number, (name, content) in enumerate(
        [*damaged, ("cc.sw.300.bin.gz", gzip.compress(whole)[:100])]
    ):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / name).write_bytes(content)
        with pytest.raises(LinguaLiftError, match=name) as caught:
            store_pretrained(folder, tmp_path / "store", 3)
        assert "\n" not in str(caught.value) and not (tmp_path / "store").exists()


def test_a_store_gives_back_its_words_as_a_vocabulary(tmp_path):
    (tmp_path / "wiki.sw.vec").write_text(VEC, encoding="utf-8")
    store_pretrained(tmp_path, tmp_path / "store", 10)
    words = stored_words(tmp_path / "store")
    assert list(words) == ["the", "of", "water", "two words"]
    assert list(words.values()) == [4, 2, 2, 1]


def replaced(model: Path, folder: Path, old: bytes, new: bytes) -> Path:
    """A copy of a model with some of its bytes (the first such) changed for as many others."""
    content = model.read_bytes()
    assert old in content and len(old) == len(new)
    path = folder / "cc.ja.300.bin"
    path.write_bytes(content.replace(old, new, 1))
    return path


def test_words_of_a_model_that_are_not_utf8_are_left_out_with_a_warning(tmp_path, model, caplog):
    path = replaced(model, tmp_path, b"maji\0", b"\xed\xa0\xbdx\0")
    with caplog.at_level(logging.WARNING):
        store_pretrained(tmp_path, tmp_path / "store", 2)
    assert load_embeddings(tmp_path / "store").words == ["na", "nyumba"], "of two wanted none lost"
    assert f"{path}: 1 word(s) that are not UTF-8 (b'\\xed\\xa0\\xbdx') skipped" in caplog.text
    with pytest.raises(LinguaLiftError, match=r"1 word.s. that are not UTF-8"):
        store_pretrained(tmp_path, tmp_path / "refused", 2, strict=True)


def test_a_model_of_the_format_before_is_read_as_the_library_reads_it(tmp_path, model):
    old = replaced(model, tmp_path, (12).to_bytes(4, "little"), (11).to_bytes(4, "little"))
    before, after = read_bin(old), read_bin(model)
    assert before.words == after.words and before.vectors.tobytes() == after.vectors.tobytes()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ((12).to_bytes(4, "little"), (13).to_bytes(4, "little"), "version 13 .*take the text file"),
        ((793712314).to_bytes(4, "little"), b"\x05\0\0\0", r"before fastText 0\.1 .*text file"),
    ],
)
def test_other_versions_are_refused_with_what_helps(tmp_path, model, old, new, message):
    with pytest.raises(LinguaLiftError, match=message) as caught:
        read_bin(replaced(model, tmp_path, old, new))
    assert "\n" not in str(caught.value)


def test_spellings_of_one_word_in_a_text_file_are_one_word_with_the_first_vector(tmp_path, block):
    (tmp_path / "wiki.de.vec").write_text(
        "8 1\nHerr 1\nund 2\nherr 3\nHERR 4\n\ufeff 5\nl\u2019eau 6\ncafe\u0301 7\nl'eau 8\n",
        encoding="utf-8",
    )
    assert store_pretrained(tmp_path, tmp_path / "all", 10, language="de") == (4, 1)
    store = load_embeddings(tmp_path / "all")
    assert store.words == ["herr", "und", "l'eau", "café"]
    assert store.vectors[:, 0].tolist() == [1, 2, 6, 7]
    assert store_pretrained(tmp_path, tmp_path / "three", 3, strict=True) == (3, 1)
    assert load_embeddings(tmp_path / "three").words == ["herr", "und", "l'eau"]


def test_turkish_vectors_are_in_lower_case_as_turkish_writes_it(tmp_path):
    (tmp_path / "wiki.tr.vec").write_text(
        "4 1\nIŞIK 1\nışık 2\nİzmir 3\ni\u0307zmir 4\n", encoding="utf-8"
    )
    store_pretrained(tmp_path, tmp_path / "store", 10, language="tr")
    assert load_embeddings(tmp_path / "store").words == ["ışık", "izmir"]


def test_spellings_of_one_word_in_a_model_are_one_word_with_all_its_occurrences(tmp_path):
    (tmp_path / "text").write_text("Herr und\n" * 40 + "herr HERR und\n" * 30)
    with zeroed_memory():
        trained = fasttext.train_unsupervised(
            str(tmp_path / "text"), dim=4, minCount=1, epoch=1, bucket=100, thread=1, verbose=0
        )
    trained.save_model(str(tmp_path / "cc.de.300.bin"))
    store_pretrained(tmp_path, tmp_path / "store", 10, language="de")
    store = load_embeddings(tmp_path / "store")
    assert dict(zip(store.words, store.frequencies.tolist(), strict=True)) == {
        "herr": 100,
        "und": 70,
    }
    np.testing.assert_array_equal(store.of(["herr"])[0], trained.get_word_vector("Herr"))


def test_what_macos_leaves_beside_a_file_is_not_a_second_one(tmp_path):
    (tmp_path / "wiki.sw.vec").write_text(VEC, encoding="utf-8")
    (tmp_path / "._wiki.sw.vec").write_bytes(b"\0\5\x16\7")
    assert store_pretrained(tmp_path, tmp_path / "store", 10) == (4, 2)


def test_folders_of_other_programs_hold_no_vectors(tmp_path):
    (tmp_path / "wiki.sw.vec").write_text(VEC, encoding="utf-8")
    (tmp_path / ".cache").mkdir()
    (tmp_path / ".cache/wiki.sw.vec").touch()
    (tmp_path / "old.vec").mkdir()
    assert store_pretrained(tmp_path, tmp_path / "store", 10) == (4, 2)


@pytest.mark.parametrize("name", ["wiki.vec", "wiki.vec.gz"])
def test_the_last_line_needs_no_end_where_it_is_whole(tmp_path, block, name):
    whole = VEC.encode()[:-1]
    (tmp_path / name).write_bytes(gzip.compress(whole) if name.endswith("gz") else whole)
    assert store_pretrained(tmp_path, tmp_path / "store", 10) == (4, 2)
    store = load_embeddings(tmp_path / "store")
    assert (store.words[-1], store.vectors[-1].tolist()) == ("two words", [7, 8])


def test_a_dimension_beyond_any_line_is_refused_before_memory_is_full(tmp_path):
    (tmp_path / "a.vec").write_text("2 99999999999\nthe 1 2\n")
    with pytest.raises(LinguaLiftError, match=r"line 1: promises 2 words of 99999999999 dimens"):
        VecFile(tmp_path / "a.vec")
