"""Where a job that works on a batch of languages writes, and what an interrupted one leaves."""

from pathlib import Path

import pytest

from lingualift import job
from lingualift.artifacts import write_text
from lingualift.benchmarks.base import Problem
from lingualift.evaluation.problems import problem_table, texts
from lingualift.model.states import encoded_texts
from lingualift.plan import files


def test_a_batch_is_written_where_its_readers_look(tmp_path: Path) -> None:
    for batch in ("sw", "hi-sw"):
        output = tmp_path / batch
        with job.batch_entries(output, files.batch_languages(batch)) as entries:
            for language, path in entries.items():
                write_text(path, language)
        for language in files.batch_languages(batch):
            assert Path(files.entry_path(str(output), language)).read_text() == language
    assert sorted(path.name for path in tmp_path.iterdir()) == ["hi-sw", "sw"]


def test_an_interrupted_batch_leaves_no_folder_of_its_name_and_is_taken_up_again(
    tmp_path: Path,
) -> None:
    output = tmp_path / "hi-sw"
    with pytest.raises(KeyboardInterrupt), job.resumed_folder(output) as folder:
        write_text(folder / "hi.answers", "some")
        raise KeyboardInterrupt
    assert not output.exists()
    with job.resumed_folder(output) as folder:
        assert (folder / "hi.answers").read_text() == "some"
    assert [path.name for path in output.iterdir()] == ["hi.answers"]
    assert not list(tmp_path.glob("*.partial"))


def test_a_batch_that_is_made_again_holds_nothing_of_before(tmp_path: Path) -> None:
    for name in ("hi", "sw"):
        with job.resumed_folder(tmp_path / "batch") as folder:
            write_text(folder / name, name)
    assert [path.name for path in (tmp_path / "batch").iterdir()] == ["sw"]


def test_a_store_of_problems_belongs_to_what_the_encoder_reads_of_them() -> None:
    """The job that encodes reads the table, the one that answers its problems."""
    problems = [
        Problem("1", "Habari?", "1", translation="How are you?"),
        Problem("2", "Asante.", "2", translation="Thank you."),
    ]
    assert encoded_texts(problem_table(problems)) == texts(problems)
    assert encoded_texts(problem_table([Problem("1", "2 + 2?", "4")])) == ["2 + 2?"]
