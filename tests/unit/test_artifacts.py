"""Files between steps appear whole or not at all, keep their declared types, and are named in one
line when damaged.
"""

import json
import os
import signal
import stat
import subprocess
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lingualift import artifacts
from lingualift.artifacts import (
    atomic_directory,
    atomic_path,
    check_directory,
    digest,
    read_json,
    read_parquet,
    read_provenance,
    sha256_file,
    write_json,
    write_parquet,
    write_text,
)
from lingualift.messages import LinguaLiftError

SCHEMA = pa.schema(
    [
        pa.field("word", pa.string(), nullable=False),
        pa.field("rank", pa.int32(), nullable=False),
        pa.field("csls", pa.float32()),
    ]
)
TABLE = pa.table({"word": ["water", "पानी", "maji"], "rank": [1, 2, 3], "csls": [0.5, None, 0.25]})


def one_line(error: LinguaLiftError, path) -> bool:
    return "\n" not in str(error) and str(path) in str(error)


@pytest.mark.parametrize("failure", [ValueError, KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("before", [None, "old"])
def test_a_failed_write_leaves_what_was_there(tmp_path, failure, before):
    path = tmp_path / "new" / "file.txt"
    if before:
        write_text(path, before)
    with pytest.raises(failure), atomic_path(path) as temporary:
        temporary.write_text("half")
        raise failure
    assert [entry.name for entry in path.parent.iterdir()] == (["file.txt"] if before else [])
    assert not before or path.read_text() == before


def test_a_write_is_invisible_until_it_is_complete(tmp_path):
    path = tmp_path / "file.parquet"
    with atomic_path(path) as temporary:
        temporary.write_text("new")
        assert not path.exists()
        assert (
            temporary.parent == path.parent and temporary.suffix == ".parquet"
        )  # one file system; writers that look at the ending
    assert path.read_text() == "new" and list(tmp_path.iterdir()) == [path]


def test_a_killed_writer_leaves_the_old_file(tmp_path):
    path = tmp_path / "file.txt"
    write_text(path, "old")
    program = (
        "import os, signal, sys\n"
        "from lingualift.artifacts import atomic_path\n"
        "with atomic_path(sys.argv[1]) as temporary:\n"
        "    temporary.write_text('half')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.returncode == -signal.SIGKILL and path.read_text() == "old"
    write_text(path, "new")
    assert path.read_text() == "new"


def test_written_files_have_the_permissions_of_ordinary_files(tmp_path):
    old = os.umask(0o027)
    try:
        write_text(tmp_path / "file", "x")
        with atomic_directory(tmp_path / "folder"):
            pass
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o640
    assert stat.S_IMODE((tmp_path / "folder").stat().st_mode) == 0o750


def test_a_failed_folder_leaves_the_old_one(tmp_path):
    path = tmp_path / "checkpoints" / "align"
    with atomic_directory(path) as temporary:
        (temporary / "weights").write_text("old")
    with pytest.raises(ValueError, match="stop"), atomic_directory(path) as temporary:
        (temporary / "weights").write_text("half")
        raise ValueError("stop")
    assert (path / "weights").read_text() == "old" and list(path.parent.iterdir()) == [path]


def test_a_new_folder_replaces_the_old_one_wholly(tmp_path):
    path = tmp_path / "align"
    for name in ("first", "second"):
        with atomic_directory(path) as temporary:
            (temporary / name).write_text(name)
    assert sorted(entry.name for entry in path.iterdir()) == ["checksums.json", "second"]


def test_tables_come_back_with_their_declared_types_and_provenance(tmp_path):
    path = tmp_path / "lexicon.parquet"
    stamp = {"rule": "lexicon", "seed": 1, "inputs": {"größe": "abc"}}
    write_parquet(path, TABLE, SCHEMA, stamp)
    table = read_parquet(path, SCHEMA)
    assert table.schema.equals(SCHEMA) and table.to_pylist() == TABLE.to_pylist()
    assert read_provenance(path) == stamp
    first = path.read_bytes()
    write_parquet(path, TABLE, SCHEMA, dict(reversed(stamp.items())))
    assert path.read_bytes() == first
    write_parquet(path, TABLE, SCHEMA)
    assert read_provenance(path) == {}


@pytest.mark.parametrize(
    "table",
    [
        TABLE.set_column(0, "word", pa.array(["water", None, "maji"])),
        TABLE.set_column(1, "rank", pa.array([1, 2, 2**40])),
        TABLE.set_column(1, "rank", pa.array([1, 2, 2.5])),
        TABLE.set_column(1, "rank", pa.array(["first", "2", "3"])),
        TABLE.drop_columns("csls"),
        TABLE.append_column("extra", pa.array([1, 2, 3])),
        TABLE.rename_columns(["word", "place", "csls"]),
    ],
    ids=[
        "empty cell",
        "overflow",
        "fraction",
        "text",
        "missing column",
        "extra column",
        "misnamed column",
    ],
)
def test_a_table_against_its_schema_is_refused_and_nothing_is_written(tmp_path, table):
    path = tmp_path / "lexicon.parquet"
    with pytest.raises((LinguaLiftError, ValueError)):
        write_parquet(path, table, SCHEMA)
    assert list(tmp_path.iterdir()) == []


def test_a_file_with_other_columns_is_refused(tmp_path):
    path = tmp_path / "lexicon.parquet"
    write_parquet(path, TABLE, SCHEMA)
    wider = pa.schema([*SCHEMA, pa.field("cosine", pa.float32())])
    for schema in (
        wider,
        SCHEMA.remove(2),
        SCHEMA.set(1, pa.field("rank", pa.int64(), nullable=False)),
    ):
        with pytest.raises(LinguaLiftError, match="columns differ") as caught:
            read_parquet(path, schema)
        assert one_line(caught.value, path)


@pytest.mark.parametrize("read", [read_parquet, read_provenance, read_json])
@pytest.mark.parametrize(
    "content", [b"", b"PAR1", b"\xff\xfe{", b"PAR1" + bytes(100) + b"PAR1", b"word\nwater\n", None]
)
def test_damaged_and_absent_files_are_named_in_one_line(tmp_path, read, content):
    path = tmp_path / "damaged"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(LinguaLiftError) as caught:
        read(path)
    assert one_line(caught.value, path) and "run again" in str(caught.value)


def test_a_parquet_file_without_a_seal_is_not_one_of_ours(tmp_path):
    path = tmp_path / "table.parquet"
    pq.write_table(TABLE, path)
    with pytest.raises(
        LinguaLiftError,
        match=r"table\.parquet: damaged, or written by another program .* delete it and run again",
    ):
        read_parquet(path)


@given(st.data())
def test_a_cut_or_altered_parquet_file_is_read_or_named(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("cut") / "lexicon.parquet"
    write_parquet(path, TABLE, SCHEMA, {"rule": "lexicon"})
    whole = bytearray(path.read_bytes())
    if data.draw(st.booleans()):
        whole = whole[: data.draw(st.integers(0, len(whole) - 1))]
    else:
        whole[data.draw(st.integers(0, len(whole) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(whole)
    for read in (lambda: read_parquet(path, SCHEMA), lambda: read_provenance(path)):
        try:
            read()
        except LinguaLiftError as error:
            assert one_line(error, path)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_json_comes_back_and_equal_values_have_equal_digests(tmp_path_factory, value):
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return  # lone surrogates are no text
    path = tmp_path_factory.mktemp("json") / "value.json"
    write_json(path, {"value": value})
    assert read_json(path) == {"value": value}
    assert digest(value) == digest(read_json(path)["value"]) and len(digest(value)) == 12


def test_digests_ignore_the_order_of_keys_alone():
    assert digest({"a": 1, "b": [1, 2]}) == digest({"b": [1, 2], "a": 1})
    assert digest({"a": 1, "b": [1, 2]}) != digest({"a": 1, "b": [2, 1]})
    assert len(digest("x", 10)) == 10


def test_file_checksums_are_sha256(tmp_path):
    (tmp_path / "abc").write_bytes(b"abc")
    assert (
        sha256_file(tmp_path / "abc")
        == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )


def test_equal_parquet_files_hold_no_time_or_machine(tmp_path):
    for name in ("a", "b"):
        write_parquet(tmp_path / f"{name}.parquet", TABLE, SCHEMA, {"rule": "lexicon"})
    assert sha256_file(tmp_path / "a.parquet") == sha256_file(tmp_path / "b.parquet")
    assert {
        key for key in pq.read_metadata(tmp_path / "a.parquet").metadata if key.startswith(b"ling")
    } == {
        b"lingualift",
        b"lingualift-seal",
    }


@given(st.data())
def test_an_altered_bit_or_a_cut_is_noticed(tmp_path_factory, data):
    """Of a sealed table, the words that mark the seal among it, and of a sealed folder."""
    path = tmp_path_factory.mktemp("flip")
    write_parquet(path / "table.parquet", TABLE, SCHEMA, {"rule": "lexicon"})
    with atomic_directory(path / "folder") as folder:
        (folder / "weights").write_bytes(bytes(range(256)))
        (folder / "inner").mkdir()
        (folder / "inner/text").write_text("text")
    name = data.draw(st.sampled_from(["table.parquet", "folder/weights", "folder/inner/text"]))
    whole = bytearray((path / name).read_bytes())
    place = data.draw(st.integers(0, len(whole) - 1))
    if data.draw(st.booleans()):
        whole = whole[:place]
    else:
        whole[place] ^= 1 << data.draw(st.integers(0, 7))
    (path / name).write_bytes(whole)
    if name == "table.parquet":
        with pytest.raises(LinguaLiftError, match="delete it and run again"):
            read_parquet(path / name, SCHEMA)
    else:
        with pytest.raises(
            LinguaLiftError,
            match=f"{name.rpartition('/')[2]}: damaged .* delete {path / 'folder'} and run again",
        ):
            check_directory(path / "folder")


def test_a_folder_with_a_file_too_many_or_too_few_is_refused(tmp_path):
    with atomic_directory(tmp_path / "folder") as folder:
        (folder / "weights").write_text("x")
    check_directory(tmp_path / "folder")
    (tmp_path / "folder/.snakemake_timestamp").touch()
    check_directory(tmp_path / "folder")
    (tmp_path / "folder/extra").touch()
    with pytest.raises(LinguaLiftError, match="extra: damaged"):
        check_directory(tmp_path / "folder")
    (tmp_path / "folder/extra").unlink()
    (tmp_path / "folder/weights").unlink()
    with pytest.raises(LinguaLiftError, match="weights: damaged"):
        check_directory(tmp_path / "folder")
    (tmp_path / "folder/checksums.json").unlink()
    with pytest.raises(LinguaLiftError, match="delete it and run again"):
        check_directory(tmp_path / "folder")


@pytest.mark.parametrize("read", [read_parquet, read_provenance])
def test_a_damaged_file_of_a_sealed_folder_asks_for_the_folder(tmp_path, read):
    """The workflow makes such a folder as one: without one of its files it still counts as made."""
    with atomic_directory(tmp_path / "store") as folder:
        write_parquet(
            folder / "words.parquet", pa.table({"word": ["a"]}), pa.schema([("word", pa.string())])
        )
    path = tmp_path / "store/words.parquet"
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(LinguaLiftError) as error:
        read(path)
    assert str(error.value).startswith(f"{path}: damaged")
    assert str(error.value).endswith(f"; delete {path.parent} and run again")


def test_a_large_file_is_compared_by_samples_and_never_read_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(artifacts, "CHECKED_BYTES", 2**20)
    path = tmp_path / "folder/weights"
    with atomic_directory(tmp_path / "folder") as folder:
        (folder / "weights").write_bytes(bytes(range(256)) * 2**15)
        monkeypatch.setattr(artifacts, "sha256_file", None)
    check_directory(tmp_path / "folder")
    whole = path.read_bytes()
    hole = whole[: 2**22] + bytes(2**18) + whole[2**22 + 2**18 :]
    for damaged in (whole[:-1], hole, b"x" + whole[1:]):
        path.write_bytes(damaged)
        with pytest.raises(LinguaLiftError, match="weights: damaged"):
            check_directory(tmp_path / "folder")
