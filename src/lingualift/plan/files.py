"""Every path below results/, both ways: built from what it holds, and read back.

Some jobs work on a batch of languages. A batch is named by its codes, joined by `-`, and is a
wildcard of the rules: `hi-bn-th-sw`, or `sw` alone. What such a job writes is a folder of that
name. The folder of several languages holds one entry for each; the folder of one language, or of
one table of texts, is that entry itself.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePath

RESULTS = "results"
TIMINGS = f"{RESULTS}/timings"
"""A record of time and memory for each job."""
NAME = r"[a-z0-9][a-z0-9._-]*"
CODE = r"[a-z]{2,3}"
PATTERNS = {
    "lang": CODE,
    "batch": rf"{CODE}(-{CODE})*",
    "source": NAME,
    "stage": NAME,
    "run": rf"{NAME}(~\d+)?",
    "benchmark": NAME,
    "task": NAME,
    "encoder": NAME,
    "shots": r"[1-9]\d*",
    "variant": rf"({NAME}/)?",  # with its slash: '' is the configuration's own setting
    "folder": rf"tasks/{NAME}|codeswitch(/{NAME})?|problems/{NAME}",
    "tables": rf"questions|{CODE}(-{CODE})*",
    "artifact": r"(table|figure)-\d\d",
}
"""What each wildcard of a path matches; `folder` is read by `TextFolder`."""


# ---------------------------------------------------------------- batches


def batch_name(languages: Iterable[str]) -> str:
    """How paths name a batch of languages (or of tables that are named after them)."""
    return "-".join(languages)


def batch_languages(batch: str) -> list[str]:
    """The languages of a batch, in their order."""
    return batch.split("-")


def batches(languages: list[str], size: int) -> list[list[str]]:
    """Languages in their order, `size` at a time."""
    return [languages[start : start + size] for start in range(0, len(languages), size)]


def entry_path(folder: str, name: str) -> str:
    """The entry of one language or table in the folder that a batch's job writes."""
    return folder if PurePath(folder).name == name else f"{folder}/{name}"


# ---------------------------------------------------------------- texts and their encoder states


@dataclass(frozen=True)
class TextFolder:
    """A folder of tables of texts: those of a task, of one setting of code-switching ('': the
    configuration's own), or of a benchmark.
    """

    kind: str
    name: str

    @property
    def path(self) -> str:
        """Its path below results/, as the wildcard `folder` has it."""
        return f"{self.kind}/{self.name}" if self.name else self.kind

    @classmethod
    def read(cls, path: str) -> "TextFolder":
        """The folder that `path` names."""
        kind, _, name = path.partition("/")
        return cls(kind, name)

    def table(self, name: str) -> str:
        """A table of the folder."""
        return f"{RESULTS}/{self.path}/{name}.parquet"

    def tables(self, names: str) -> list[str]:
        """The tables of a batch."""
        return [self.table(name) for name in batch_languages(names)]

    def states(self, encoder: str, tables: str) -> str:
        """The folder that the job of a batch of its tables writes."""
        return f"{RESULTS}/encoded/{encoder}/{self.path}/{tables}"


def task_folder(task: str) -> TextFolder:
    """Where the questions of a task lie, as table `questions`."""
    return TextFolder("tasks", task)


def switched_folder(variant: str) -> TextFolder:
    """Where code-switched text lies, a table a language."""
    return TextFolder("codeswitch", variant)


def problems_folder(benchmark: str) -> TextFolder:
    """Where a benchmark's problems lie, a table a language."""
    return TextFolder("problems", benchmark)


def questions(task: str) -> str:
    """All questions of a task."""
    return task_folder(task).table("questions")


def tagged(task: str) -> str:
    """The English questions of a task with their tags."""
    return f"{RESULTS}/tasks/{task}/tagged.parquet"


def problems(benchmark: str, lang: str) -> str:
    """A benchmark's problems in one language."""
    return problems_folder(benchmark).table(lang)


def translated(benchmark: str, lang: str) -> str:
    """A benchmark's questions in one language, translated into English."""
    return f"{RESULTS}/translated/{benchmark}/{lang}.parquet"


def translated_by(llm: str, benchmark: str, lang: str) -> str:
    """A benchmark's questions in one language, translated into English by an LLM as it is."""
    return f"{RESULTS}/translated-by/{llm}/{benchmark}/{lang}.parquet"


def worked_examples(task: str, count: int) -> str:
    """Solved English questions of a task that prompts begin with."""
    return f"{RESULTS}/tasks/{task}/examples-{count}.parquet"


# ---------------------------------------------------------------- mmwp-built

BUILT = f"{RESULTS}/mmwp-built"


def built_english() -> str:
    """The English problems that mmwp-built translates."""
    return f"{BUILT}/english.parquet"


def built_draft(lang: str) -> str:
    """Their translations into a language, and these in English again."""
    return f"{BUILT}/translated/{lang}.parquet"


def built_sheet(lang: str, kind: str) -> str:
    """The sheet for a language's annotators; `kind` is tsv or xlsx."""
    return f"{BUILT}/sheets/{lang}.{kind}"


def built_problems(lang: str) -> str:
    """The benchmark in a language, as it is asked; its data card lies beside it."""
    return f"{BUILT}/problems/{lang}.parquet"


# ---------------------------------------------------------------- words and lexicons


def corpus(lang: str) -> str:
    """The cleaned text of a language."""
    return f"{RESULTS}/corpora/{lang}.txt"


def vocabulary(lang: str) -> str:
    """The words of a language that take part in alignment."""
    return f"{RESULTS}/vocabulary/{lang}.parquet"


def vectors(space: str, batch: str) -> str:
    """Vectors of words: `fasttext`, a folder a language, or an encoder's name and a batch."""
    return f"{RESULTS}/embeddings/{space}/{batch}"


def adversaries(lang: str) -> str:
    """The adversaries of a language's lexicon, a folder a run."""
    return f"{RESULTS}/adversaries/{lang}"


def lexicon(lang: str) -> str:
    """The bilingual lexicon of a language."""
    return f"{RESULTS}/lexicons/{lang}.parquet"


def lexicon_evidence(lang: str) -> str:
    """What tells whether it is good, with the verdict."""
    return f"{RESULTS}/lexicons/{lang}.json"


def switched_statistics(variant: str, lang: str) -> str:
    """Counts of code-switched text."""
    return f"{RESULTS}/{switched_folder(variant).path}/{lang}.json"


# ---------------------------------------------------------------- systems


def checkpoint(stage: str) -> str:
    """A trained stage."""
    return f"{RESULTS}/checkpoints/{stage}"


def prediction_batch(run: str, benchmark: str, batch: str) -> str:
    """The folder in which one job leaves its answers, a file a language."""
    return f"{RESULTS}/predictions/{run}/{benchmark}/batches/{batch}"


def predictions(run: str, benchmark: str, lang: str) -> str:
    """A run's answers to a benchmark in one language."""
    return f"{RESULTS}/predictions/{run}/{benchmark}/{lang}.parquet"


def scores(run: str, benchmark: str) -> str:
    """The marks of these answers, all languages together."""
    return f"{RESULTS}/scores/{run}/{benchmark}.parquet"


def table(name: str) -> str:
    """A table, tidy."""
    return f"{RESULTS}/tables/{name}.parquet"


def group_table(name: str) -> str:
    """The same results by language family and script."""
    return table(f"{name}-groups")


# ---------------------------------------------------------------- the paper's tables and figures


def artifact(name: str, kind: str) -> str:
    """A table, figure or page of the paper; `kind` is csv, svg, png, html, or json (its state)."""
    return f"{RESULTS}/paper/{name}.{kind}"


def sentence_map() -> str:
    """Parallel sentences as points, one row a sentence, language and space."""
    return f"{RESULTS}/paper/sentences.parquet"


@dataclass(frozen=True)
class Produced:
    """Of whom a file below results/ is: `kind` is the folder that it lies in; the rest is None
    where it belongs to all.
    """

    kind: str
    run: str | None = None
    language: str | None = None

    @property
    def system(self) -> str | None:
        """The system of the run: what stands before its seed."""
        return None if self.run is None else self.run.partition("~")[0]


def produced(path: str) -> Produced | None:
    """What a path below results/ says of its file; None for any other path."""
    root, *parts = PurePath(path).parts or ("",)
    if root != RESULTS or not parts:
        return None
    kind, *rest = parts
    if kind == "scores":
        return Produced(kind, run=rest[0])
    if kind == "predictions":
        return Produced(kind, run=rest[0], language=PurePath(rest[-1]).stem)
    return Produced(kind)
