"""The paper's tables, figures and pages of examples by name.

One is a module here, whose `make(artifact, inputs)` gives a `Table`, a `Drawing` or a `Page` or
says why it is left out, and an entry in `ARTIFACTS`. Names are the paper's: `table-01`,
`figure-03`.
"""

from collections.abc import Mapping
from importlib import import_module

from lingualift.messages import LinguaLiftError, nearest
from lingualift.paper.base import Artifact, Made, PaperInputs

SLOTS: dict[str, tuple[str, ...]] = {
    "mmwp": ("mmwp", "mmwp-built", "mmwp-mini", "mmwp-mini-hard"),
    "mgsm": ("mgsm",),
    "msvamp": ("msvamp",),
    "xnli": ("xnli",),
    "xcsqa": ("xcsqa",),
}
"""The benchmarks that can stand for one of the paper's, the likest first."""
MATHS = ("mgsm", "msvamp", "mmwp")
_STAGES = ("Table 14", "Table 16")

ARTIFACTS: dict[str, Artifact] = {
    "table-01": Artifact(
        "by_system", "MMWP by resource level", benchmarks=("mmwp",), rows=("Table 1",)
    ),
    "table-02": Artifact(
        "by_system", "MGSM and MSVAMP", benchmarks=("mgsm", "msvamp"), rows=("Table 2",)
    ),
    "table-03": Artifact(
        "by_system", "XNLI and X-CSQA", benchmarks=("xnli", "xcsqa"), rows=("Table 3",)
    ),
    "table-04": Artifact("translations", "Induced translations", needs=("lexicons",)),
    "table-05": Artifact("datasets", "Data sets", needs=("datasets",), facts="table-05"),
    "table-06": Artifact(
        "quality", "Quality of translated MMWP", needs=("translation",), facts="table-06"
    ),
    "table-07": Artifact("by_language", "MMWP: Mono-SFT", benchmarks=("mmwp",), rows=("Table 7",)),
    "table-08": Artifact("by_language", "MMWP: Multi-SFT", benchmarks=("mmwp",), rows=("Table 8",)),
    "table-09": Artifact(
        "by_language",
        "MMWP: external tools and LinguaLIFT",
        benchmarks=("mmwp",),
        rows=("Table 9",),
    ),
    "table-10": Artifact("by_system", "MGSM by language", benchmarks=("mgsm",), rows=("Table 10",)),
    "table-11": Artifact(
        "by_system", "MSVAMP by language", benchmarks=("msvamp",), rows=("Table 11",)
    ),
    "table-12": Artifact("by_system", "XNLI by language", benchmarks=("xnli",), rows=("Table 12",)),
    "table-13": Artifact(
        "by_system", "X-CSQA by language", benchmarks=("xcsqa",), rows=("Table 13",)
    ),
    "table-14": Artifact(
        "by_system", "MGSM: stages left out", benchmarks=("mgsm",), rows=("Table 14",)
    ),
    "table-15": Artifact(
        "by_system", "MSVAMP: stages left out", benchmarks=("msvamp",), rows=("Table 15",)
    ),
    "table-16": Artifact(
        "by_system", "MGSM: modules trained", benchmarks=("mgsm",), rows=("Table 16",)
    ),
    "table-17": Artifact(
        "by_system", "MSVAMP: modules trained", benchmarks=("msvamp",), rows=("Table 17",)
    ),
    "table-18": Artifact(
        "substituted", "Words by part of speech", needs=("codeswitch",), facts="table-18"
    ),
    "table-19": Artifact(
        "correlations",
        "Retrieval and accuracy: Spearman's correlation",
        needs=("retrieval",),
        benchmarks=MATHS,
        facts="table-19",
    ),
    "table-20": Artifact(
        "by_language",
        "MMWP by language family",
        benchmarks=("mmwp",),
        rows=("Table 20",),
        facts="table-20",
    ),
    "table-21": Artifact(
        "by_language",
        "MMWP by script",
        benchmarks=("mmwp",),
        rows=("Table 21",),
        facts="table-21",
    ),
    "table-22": Artifact(
        "by_system", "MGSM on LLaMA-2-13B", benchmarks=("mgsm",), rows=("Table 22",)
    ),
    "table-23": Artifact(
        "by_system", "MGSM on Mistral-7B", benchmarks=("mgsm",), rows=("Table 23",)
    ),
    "table-24": Artifact(
        "by_system",
        "MGSM: alignment layers",
        needs=("parameters",),
        benchmarks=("mgsm",),
        rows=("Table 24",),
        facts="table-24",
    ),
    "figure-03": Artifact(
        "figure_ablations", "Stages and modules left out", benchmarks=MATHS, rows=_STAGES
    ),
    "figure-04": Artifact(
        "figure_ratio",
        "Share of code-switched words",
        needs=("retrieval_if_any",),
        benchmarks=MATHS,
        rows=("Figure 4",),
    ),
    "figure-05": Artifact(
        "figure_sentences", "Parallel sentences before and after", needs=("sentences",)
    ),
    "figure-06": Artifact(
        "figure_pos", "Parts of speech replaced", benchmarks=MATHS, rows=("Figure 6",)
    ),
    "figure-07": Artifact(
        "figure_correlation", "Retrieval and accuracy", needs=("retrieval",), benchmarks=MATHS
    ),
    "figure-08": Artifact(
        "figure_groups",
        "Language families and scripts",
        needs=("groups",),
        benchmarks=("mmwp",),
        rows=("Table 20",),
        facts="table-20",
    ),
    "figure-09": Artifact("figure_encoders", "Encoders", benchmarks=("xnli",), rows=("Figure 9",)),
    "figure-10": Artifact(
        "figure_mixed", "Mixed supervision", benchmarks=MATHS, rows=("Figure 10",)
    ),
    "figure-11": Artifact(
        "answers",
        "Answers in Bengali",
        needs=("answers",),
        benchmarks=MATHS,
        language="bn",
        page=True,
    ),
    "figure-12": Artifact(
        "answers",
        "Answers in Thai",
        needs=("answers",),
        benchmarks=MATHS,
        language="th",
        page=True,
    ),
    "figure-13": Artifact(
        "answers",
        "Answers in Swahili",
        needs=("answers",),
        benchmarks=MATHS,
        language="sw",
        page=True,
    ),
}


def entry(name: str, artifacts: Mapping[str, Artifact] = ARTIFACTS) -> Artifact:
    """An entry of the register; an unknown name raises LinguaLiftError."""
    if name not in artifacts:
        raise LinguaLiftError(f"results/paper: unknown '{name}'; {nearest(name, artifacts)}")
    return artifacts[name]


def kind(name: str, artifacts: Mapping[str, Artifact] = ARTIFACTS) -> str:
    """The kind of file that a person opens: csv, svg or html."""
    if name.startswith("table-"):
        return "csv"
    return "html" if entry(name, artifacts).page else "svg"


def make(name: str, inputs: PaperInputs, artifacts: Mapping[str, Artifact] = ARTIFACTS) -> Made:
    """Make a table, a figure or a page of the register from its inputs."""
    artifact = entry(name, artifacts)
    made: Made = import_module(f"{__name__}.{artifact.module}").make(artifact, inputs)
    return made
