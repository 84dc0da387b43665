"""Write the tasks of lm-evaluation-harness: a file a language, a template and a group a benchmark.

python dev/harness_tasks.py
"""

from pathlib import Path

from lingualift.benchmarks.registry import BENCHMARKS
from lingualift.languages import load_languages

ROOT = Path(__file__).resolve().parents[1]
TASKS = ROOT / "src/lingualift/harness/tasks"
# New tokens: those of the configuration that asks the benchmark.
LIMITS = {"mmwp-mini": 40, "mgsm": 512, "msvamp": 512, "xnli": 512, "xcsqa": 512}


def task(benchmark: str) -> str:
    """The name of a benchmark's group."""
    return f"lingualift_{benchmark.replace('-', '_')}"


def template(benchmark: str) -> str:
    """What the tasks of a benchmark share: question bare, greedy, marked by this project."""
    return f"""\
# Written by dev/harness_tasks.py.
tag: {task(benchmark)}_all
custom_dataset: !function lingualift_tasks.documents
output_type: generate_until
test_split: test
doc_to_text: "{{{{question}}}}"
doc_to_target: "{{{{answer}}}}"
process_results: !function lingualift_tasks.marks
num_fewshot: 0
generation_kwargs:
  do_sample: false
  until: []
  max_gen_toks: {LIMITS[benchmark]}
metric_list:
  - metric: acc
    aggregation: mean
    higher_is_better: true
  - metric: acc_strict
    aggregation: mean
    higher_is_better: true
"""


def language_task(benchmark: str, language: str, name: str) -> str:
    """The task of one language."""
    return f"""\
include: _{task(benchmark)}
task: {task(benchmark)}_{language}
dataset_kwargs: {{benchmark: {benchmark}, language: {language}, language_name: {name}}}
"""


def group(benchmark: str) -> str:
    """All languages of a benchmark, with the mean that tables call Avg."""
    languages = BENCHMARKS[benchmark].BENCHMARK.languages
    lines = [f"  - {task(benchmark)}_{language}" for language in languages]
    return "\n".join(
        [
            "# Written by dev/harness_tasks.py.",
            f"group: {task(benchmark)}",
            "task:",
            *lines,
            "aggregate_metric_list:",
            "  - metric: acc",
            "    aggregation: mean",
            "    weight_by_size: false",
            "  - metric: acc_strict",
            "    aggregation: mean",
            "    weight_by_size: false",
            "",
        ]
    )


def files() -> dict[str, str]:
    """The text of every file by its path below the folder of tasks."""
    languages = load_languages(ROOT / "config/languages.tsv")
    texts = {}
    for benchmark in LIMITS:
        texts[f"_{task(benchmark)}"] = template(benchmark)
        texts[f"{task(benchmark)}.yaml"] = group(benchmark)
        for language in BENCHMARKS[benchmark].BENCHMARK.languages:
            name = languages[language].name
            text = language_task(benchmark, language, name)
            texts[f"{task(benchmark)}_{language}.yaml"] = text
    return texts


if __name__ == "__main__":
    for name, text in files().items():
        (TASKS / name).write_text(text, encoding="utf-8")
