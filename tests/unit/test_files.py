"""Paths below results/, both ways, and the batches of languages that jobs work on."""

import re
from pathlib import Path

import pytest

from lingualift.messages import LinguaLiftError
from lingualift.plan import files, inputs, requests
from tests.unit.test_systems import planned

RULES = Path(__file__).parents[2] / "rules"


def outputs() -> set[str]:
    """Every path below results/ that a rule states, with its wildcards."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in RULES.glob("*.smk"))
    stated = re.findall(r'f?"(results/[^"]+)"', text)
    return {path.replace("{{", "{").replace("}}", "}") for path in stated}


@pytest.mark.parametrize(
    "path",
    [
        files.corpus("{lang}"),
        files.vocabulary("{lang}"),
        files.vectors("fasttext", "{lang}"),
        files.vectors("{PLAN.encoder}", "{batch}"),
        files.lexicon("{lang}"),
        files.lexicon_evidence("{lang}"),
        files.questions("{task}"),
        files.tagged("{task}"),
        files.problems("{benchmark}", "{lang}"),
        files.translated("{benchmark}", "{lang}"),
        files.TextFolder("{folder}", "").states("{encoder}", "{tables}"),
        files.checkpoint("{stage}"),
        files.prediction_batch("{run}", "{benchmark}", "{batch}"),
        files.predictions("{run}", "{benchmark}", "{lang}"),
        files.scores("{run}", "{benchmark}"),
        files.table("{table}"),
    ],
)
def test_a_rule_makes_what_the_plan_names(path: str) -> None:
    assert path in outputs()


@pytest.mark.parametrize(
    ("folder", "table"),
    [
        (files.task_folder("maths"), "questions"),
        (files.switched_folder(""), "sw"),
        (files.switched_folder("pos-noun_ratio-0.2"), "sw"),
        (files.problems_folder("mmwp-mini"), "sw"),
    ],
)
def test_states_lie_where_their_table_lies_below_the_encoders_name(
    folder: files.TextFolder, table: str
) -> None:
    path = folder.table(table).removeprefix("results/").removesuffix(".parquet")
    assert folder.states("e", table) == f"results/encoded/e/{path}"
    assert files.TextFolder.read(folder.path) == folder
    assert re.fullmatch(files.PATTERNS["folder"], folder.path)
    assert re.fullmatch(files.PATTERNS["tables"], table)


def test_a_file_says_of_whom_it_is() -> None:
    made = files.produced(files.predictions("lingualift~2", "mmwp-mini", "sw"))
    assert made == files.Produced("predictions", "lingualift~2", "sw")
    assert made.system == "lingualift"
    assert files.produced(files.scores("mono-sft", "mgsm")) == files.Produced("scores", "mono-sft")
    assert files.produced(files.table("mmwp")) == files.Produced("tables")
    assert files.produced("resources/models/llm/model.json") is None


@pytest.mark.parametrize("size", [1, 2, 3, 50])
def test_every_configured_language_is_in_one_batch_and_any_other_is_a_batch_alone(
    size: int,
) -> None:
    plan = planned("paper.yaml", {"compute": {"languages_per_job": size}})
    for benchmark in plan.config.benchmark_names.values():
        codes = plan.languages_of(benchmark)
        names = dict.fromkeys(plan.evaluation_batch(benchmark, code) for code in codes)
        batches = [files.batch_languages(name) for name in names]
        assert [code for batch in batches for code in batch] == codes
        assert all(len(batch) == size for batch in batches[:-1]) and len(batches[-1]) <= size
        assert all(re.fullmatch(files.PATTERNS["batch"], name) for name in names)
        assert plan.evaluation_batch(benchmark, "qaa") == "qaa"
    assert plan.alignment_batch("en") == "en"


def test_a_batch_of_one_is_its_own_entry_and_one_of_several_has_an_entry_each() -> None:
    assert files.entry_path("results/embeddings/e/sw", "sw") == "results/embeddings/e/sw"
    assert files.entry_path("results/embeddings/e/hi-sw", "sw") == "results/embeddings/e/hi-sw/sw"


def test_stages_and_runs_read_the_entries_of_the_batches_that_their_jobs_wait_for() -> None:
    plan = planned({"compute": {"languages_per_job": 4}})
    stage = next(stage for stage in plan.runs["lingualift"].stages if stage.codeswitch)
    waited = inputs.training(plan, stage.id)["states"]
    folder = "results/encoded/e5-small-layer8-digits/codeswitch"
    assert {f"{folder}/de-es-ar-hi", f"{folder}/bn-th-sw"} <= set(waited)
    read = [texts.states for texts in inputs.stage_texts(plan, stage) if texts.lexicon]
    assert read[0] == f"{folder}/de-es-ar-hi/de" and read[-1] == f"{folder}/bn-th-sw/sw"
    asked = inputs.questions(plan, "lingualift", "mmwp-mini", "hi-bn-th-sw")
    assert [language.language for language in asked] == ["hi", "bn", "th", "sw"]
    assert asked[3].states == f"{folder.replace('codeswitch', 'problems/mmwp-mini')}/hi-bn-th-sw/sw"
    alone = inputs.questions(plan, "mono-sft-unreadable", "mmwp-mini", "sw")
    assert (alone[0].states, alone[0].translated) == (None, None)


def test_a_batch_asks_for_as_much_time_as_its_languages_together() -> None:
    plan = planned()
    one, four = (requests.prediction(plan, "lingualift", batch) for batch in ("sw", "hi-bn-th-sw"))
    assert four.minutes == 4 * one.minutes and four.megabytes == one.megabytes
    assert requests.encoding_priority("problems/mmwp-mini") < requests.encoding_priority("tasks/x")
    runs = ("mono-sft-unreadable", "lingualift")
    priorities = [requests.prediction_priority(plan, run) for run in runs]
    assert priorities[0] > priorities[1]


@pytest.mark.parametrize(
    ("ask", "line"),
    [
        (lambda plan: plan.language("xq"), "config/languages.tsv: unknown language 'xq'; "),
        (lambda plan: plan.run("lingualif"), "unknown system run 'lingualif'; did you mean"),
        (lambda plan: plan.stage("align-0"), "results/checkpoints: unknown stage 'align-0'"),
        (lambda plan: plan.codeswitch("ratio-0.3/"), "unknown setting 'ratio-0.3'"),
        (lambda plan: plan.encoder_settings("mbert"), "results/encoded: unknown encoder 'mbert'"),
        (lambda plan: plan.languages_of("mgsn"), "unknown benchmark 'mgsn'; did you mean 'mgsm'?"),
    ],
)
def test_a_path_that_names_nothing_is_refused_in_one_line(ask, line: str) -> None:
    with pytest.raises(LinguaLiftError) as caught:
        ask(planned())
    assert line in str(caught.value) and len(str(caught.value).splitlines()) == 1
