"""Every row of the paper is planned as the source that it names says: stages, data, languages,
rates, prompts. The expectations are transcribed from the sources, not from the configuration.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from lingualift.config import LanguageModelling
from lingualift.messages import LinguaLiftError
from lingualift.model.layout import LAYOUTS
from lingualift.plan import Plan
from lingualift.plan.inputs import encodes_questions
from lingualift.plan.systems import Run, RunStage, load_systems
from lingualift.tasks.forms import multiple_choice_question, nli_question
from tests.unit.test_systems import planned

SYSTEMS = load_systems(Path(__file__).parents[2] / "config" / "systems")
REPOSITORIES = {
    "langbridge": "kaistAI/LangBridge",
    "mindmerger": "CONE-MT/MindMerger",
    "qalign": "NJUNLP/QAlign",
    "multi-sft": "NJUNLP/QAlign",
    "published": "AzureStarz/LinguaLIFT",
    "published-qalign": "NJUNLP/QAlign",
    "lingualift-released": "AzureStarz/LinguaLIFT",
}
"""The repository whose files a row follows, by how the row's name begins (the longest decides)."""


@pytest.fixture(scope="module")
def paper() -> Plan:
    return planned("paper.yaml")


@pytest.mark.parametrize("name", SYSTEMS)
def test_every_row_names_the_file_or_the_part_of_the_paper_that_it_follows(name: str) -> None:
    begins = [start for start in REPOSITORIES if name.startswith(start)]
    expected = REPOSITORIES[max(begins, key=len)] if begins else ""
    pattern = rf"{expected} \S+\.(sh|py|yaml)\b.*" if expected else r"the paper, .+|this project"
    assert re.fullmatch(pattern, SYSTEMS[name].follows), SYSTEMS[name].follows


@dataclass(frozen=True)
class Expected:
    """What a stage should be; a rate for all modules that learn, or by module."""

    train: dict[str, float]
    data: str
    languages: set[str] = field(default_factory=lambda: {"en"})
    layout: tuple[str, ...] = ("bos", "text")
    prompt: str = ""
    epochs: int = 3
    batch: int = 128
    schedule: tuple[str, float, float] = ("cosine", 0.05, 0.01)  # course, warm-up, weight decay
    examples: int | None = None  # of the stage, or of each language


def check(made: Plan, stage: RunStage, expected: Expected) -> None:
    settings = stage.stage
    assert isinstance(settings, LanguageModelling)
    assert settings.rates == expected.train
    assert settings.data == expected.data
    assert set(made.config.tasks[stage.task].languages or ["en"]) == expected.languages
    assert LAYOUTS[stage.input] == expected.layout
    assert made.prompt(str(settings.prompt)).template.startswith(expected.prompt)
    assert (settings.epochs, settings.batch) == (expected.epochs, expected.batch)
    assert len(set(settings.decays.values())) == 1
    decay = next(iter(settings.decays.values()))
    assert (settings.schedule, settings.warmup, decay) == expected.schedule
    if expected.examples is not None:
        limit = settings.examples or made.config.tasks[stage.task].examples
        assert limit == expected.examples


ALPACA = "Below is an instruction that describes a task. Write a response that"
OWN = {"alignment": 6e-4, "boundary": 6e-4}
LLM = {"llm": 2e-5}
KINDS = {
    "metamath": ("metamath", "maths"),
    "openmath2": ("openmath2", "openmath"),
    "nli": ("nli", "nli"),
    "commonsense": ("commonsense", "commonsense"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_langbridge_trains_a_linear_layer_and_an_end_vector_as_its_metamath_sh(
    kind: str, paper: Plan
) -> None:
    """--alignments linear --freeze_language_model --freeze_encoder --learning_rate_alignment 6e-4
    --w_decay_alignment 0.0 --warmup_steps 0 --num_train_epochs 1, four GPUs of 4 x 8 examples, the
    200,000 of DKYoon/metamath-200k; the optimiser has no scheduler.
    """
    tuned, bridge = paper.runs[f"langbridge-{kind}"].stages
    assert tuned.id == paper.runs[f"mono-sft-{kind}"].stages[-1].id
    data, prompt = KINDS[kind]
    template = paper.config.prompts[prompt].template
    layout, plain = ("bos", "states", "end"), ("constant", 0.0, 0.0)
    check(paper, bridge, Expected(OWN, data, {"en"}, layout, template, 1, 128, plain, 200_000))
    assert bridge.encoder is not None and bridge.encoder.source == "mt5-xl-lm-adapt"
    assert bridge.alignment is not None
    assert (bridge.alignment.layers, bridge.alignment.scaled) == (1, False)
    assert encodes_questions(paper, bridge) == (template == "{question}")


BENCHMARK = {"metamath": "mmwp-mini", "nli": "xnli", "commonsense": "xcsqa"}
MATHS = {"bn", "de", "es", "fr", "ja", "ru", "sw", "th", "zh"}
MAPPED = {
    "metamath": MATHS,
    "openmath2": MATHS,
    "nli": {"sw", "ur", "hi", "th", "ar", "tr", "el", "vi", "zh", "ru", "bg", "de", "fr", "es"},
    "commonsense": {
        "ur", "hi", "sw", "ja", "vi", "pl", "zh", "nl", "ru", "it", "de", "pt", "fr", "es", "ar",
    },
}  # fmt: skip
"""run_training.py's languages of the mapping stage; OPUS-100 holds them all but sw."""
AUGMENTED = {
    "metamath": ("gsm8kinstruct", MATHS | {"en"}, 30_000),
    "openmath2": ("gsm8kinstruct", MATHS | {"en"}, 30_000),
    "nli": ("nli-development", MAPPED["nli"] | {"en"}, 2_490),  # read_xnli_train: xnli_dev.json
    "commonsense": ("commonsense-multilingual", MAPPED["commonsense"] | {"en"}, None),
}


@pytest.mark.parametrize("kind", KINDS)
def test_mindmerger_maps_without_a_prompt_and_augments_with_both_inputs(
    kind: str, paper: Plan
) -> None:
    """scripts/training_*.sh and run_training.py: 2e-5 without a schedule, batch 128, 3 epochs,
    100,000 pairs a language; modeling_mindmerger.py: BOS, states, one end vector, then the prompt
    in the second stage alone.
    """
    tuned, mapping, augmentation = paper.runs[f"mindmerger-{kind}"].stages
    assert tuned.id == paper.runs[f"mono-sft-{kind}"].stages[-1].id
    rate, plain = dict.fromkeys(OWN, 2e-5), ("constant", 0.0, 0.0)
    suffix = "" if MAPPED[kind] == MATHS else f"-{kind}"
    states = ("bos", "states", "end")
    mapped = MAPPED[kind] - {"sw"}
    check(
        paper,
        mapping,
        Expected(
            rate, f"parallel{suffix}", mapped, states, "{question}", schedule=plain,
            examples=100_000,
        ),
    )  # fmt: skip
    data, languages, limit = AUGMENTED[kind]
    layout = (*states, "text")
    check(
        paper,
        augmentation,
        Expected(rate, data, languages, layout, schedule=plain, examples=limit),
    )
    assert mapping.alignment is not None and mapping.alignment.activation == "relu"
    assert paper.systems[f"mindmerger-{kind}"].input == "both"


@pytest.mark.parametrize("kind", KINDS)
def test_qalign_learns_to_translate_questions_and_then_the_task_as_its_finetune_sh(
    kind: str, paper: Plan
) -> None:
    """3 epochs at 2e-5, cosine, warm-up 0.03, no weight decay, eight GPUs of 2 x 8 examples;
    finetune.py and gsmtrans.py: the sentence stands in the instruction.
    """
    translation, transfer = paper.runs[f"qalign-{kind}"].stages
    schedule = ("cosine", 0.03, 0.0)
    asked = f"{ALPACA} appropriately completes the request.\n\n### Instruction:\n"
    words = asked + "Translate the following sentences from {source} to {target}. {question}\n\n"
    maths = MAPPED[kind] == MATHS
    data = "questions" if maths else f"parallel-{kind}"
    languages = MATHS if maths else MAPPED[kind] - {"sw"}
    check(paper, translation, Expected(LLM, data, languages, prompt=words, schedule=schedule))
    name, prompt = KINDS[kind]
    template = paper.config.prompts[prompt].template
    if kind == "metamath":
        template = f"{asked}{{question}}\n\n### Response:"
        assert paper.asked("qalign-metamath", "mmwp-mini").template == template
    check(paper, transfer, Expected(LLM, name, prompt=template, schedule=schedule))


@pytest.mark.parametrize("kind", KINDS)
def test_mono_sft_and_translate_en_are_stage_2_on_english_task_data(kind: str, paper: Plan) -> None:
    (stage,) = paper.runs[f"mono-sft-{kind}"].stages
    data, prompt = KINDS[kind]
    check(paper, stage, Expected(LLM, data, prompt=paper.config.prompts[prompt].template))
    assert [stage.id for stage in paper.runs[f"translate-en-{kind}"].stages] == [stage.id]


@pytest.mark.parametrize(
    ("kind", "data", "languages", "limit"),
    [
        ("metamath", "gsm8kinstruct", MATHS | {"en"}, None),
        ("nli", "nli-multilingual", MAPPED["nli"] | {"en"}, 26_180),
        ("commonsense", "commonsense-multilingual", MAPPED["commonsense"] | {"en"}, None),
    ],
)
def test_multi_sft_is_stage_2_on_task_data_in_all_languages_of_the_task(
    kind: str, data: str, languages: set[str], limit: int | None, paper: Plan
) -> None:
    """finetune_llama2_7b.sh, `gsm8kinstruct_all`: finetune.sh's schedule and finetune.py's prompt;
    inference and commonsense have their own.
    """
    (stage,) = paper.runs[f"multi-sft-{kind}"].stages
    template = paper.config.prompts["alpaca" if kind == "metamath" else KINDS[kind][1]].template
    schedule = ("cosine", 0.03, 0.0)
    check(
        paper,
        stage,
        Expected(LLM, data, languages, prompt=template, schedule=schedule, examples=limit),
    )
    assert paper.asked(f"multi-sft-{kind}", BENCHMARK[kind]).template == template


LOW = {
    "af", "ar", "be", "eu", "gu", "ha", "hi", "hy", "is", "kn", "mk", "ml", "mr", "ne", "sk", "ta",
    "te",
}  # fmt: skip
"""MMWP's low-resource languages that OPUS-100 holds, but bn and th, which the task has already."""


@pytest.mark.parametrize(
    ("name", "mapped"),
    [
        ("add-low-resource", {"parallel": MATHS - {"sw"}, "parallel-low": LOW}),
        ("low-resource-retrain", {"parallel-low": LOW}),
    ],
)
def test_low_resource_rows_of_mindmerger_differ_in_what_they_map_alone(
    name: str, mapped: dict[str, set[str]], paper: Plan
) -> None:
    """Table 1 names them and says no more."""
    tuned, mapping, augmentation = paper.runs[f"mindmerger-metamath-{name}"].stages
    own = paper.runs["mindmerger-metamath"].stages
    assert tuned.id == own[0].id
    tasks = paper.config.tasks
    assert {task: set(tasks[task].languages or []) for task in mapping.tasks} == mapped
    assert {tasks[task].examples for task in mapping.tasks} == {100_000}
    ours, theirs = (stage.stage.model_dump(exclude={"data"}) for stage in (mapping, own[1]))
    assert ours == theirs
    assert augmentation.stage == own[2].stage


@pytest.mark.parametrize("kind", KINDS)
def test_lingualift_aligns_on_code_switched_questions_and_transfers_on_english_task_data(
    kind: str, paper: Plan
) -> None:
    """Section 3.3 and Appendix A.4: 3 epochs, 6e-4, batch 256, constant; then 3 epochs, 2e-5, batch
    128, cosine, warm-up 0.05, weight decay 0.01.
    """
    align, transfer = paper.runs[f"lingualift-{kind}"].stages
    layout = ("bos", "instruction", "start", "states", "end")
    asked = f"{ALPACA} appropriately completes the request".replace(
        "a task. Write", "a task, paired with an input that provides further context. Write"
    )
    constant = ("constant", 0.0, 0.0)
    questions = Expected(OWN, "code-switched", {"en"}, layout, asked, 3, 256, constant)
    check(paper, align, questions)
    sentence = "Translate the following sentences from {source} to {target}."
    assert sentence in paper.prompt(str(align.stage.prompt)).instruction
    assert align.codeswitch is not None and (align.codeswitch.ratio, align.codeswitch.pos) == (
        0.8,
        "all",
    )
    data, prompt = KINDS[kind]
    template = paper.config.prompts[prompt].template
    check(paper, transfer, Expected(LLM, data, {"en"}, layout, template))


@pytest.mark.parametrize("llm", ["llama-2-13b", "mistral-7b"])
def test_rows_of_another_llm_are_those_of_llama_2_7b_but_for_the_llm(llm: str, paper: Plan) -> None:
    """Appendix E names other LLMs and no other settings."""
    rows = [name for name in paper.runs if name.endswith(f"-{llm}")]
    assert len(rows) == 7
    for name in rows:
        own, base = paper.runs[name], paper.runs[name.removesuffix(f"-{llm}")]
        assert own.llm.source == llm and base.llm.source == "llama-2-7b"
        assert [stage.stage for stage in own.stages] == [stage.stage for stage in base.stages]
        assert [stage.tasks for stage in own.stages] == [stage.tasks for stage in base.stages]
        assert own.encoder == base.encoder


@pytest.mark.parametrize(
    ("name", "stage", "train"),
    [
        ("without-align", 0, {**OWN, **LLM}),
        ("llm-in-align", 0, {**OWN, **LLM}),
        ("llm-in-align", 1, LLM),
        ("llm-frozen", 0, OWN),
        ("llm-frozen", 1, OWN),
        ("align-in-transfer", 0, OWN),
        ("align-in-transfer", 1, {**OWN, **LLM}),
    ],
)
def test_modules_that_learn_together_keep_the_rates_of_the_released_code(
    name: str, stage: int, train: dict[str, float], paper: Plan
) -> None:
    """examples/*-stage.yaml: learning_rate_alignment 6e-4, learning_rate_lm 2e-5,
    w_decay_alignment 0.0, w_decay_lm 0.01, in every stage.
    """
    settings = paper.runs[f"lingualift-metamath-{name}"].stages[stage].stage
    assert isinstance(settings, LanguageModelling)
    assert settings.rates == train
    expected = {module: 0.01 if module == "llm" else 0.0 for module in train}
    assert settings.decays == expected


def test_every_lingualift_row_of_the_paper_has_its_two_stages(paper: Plan) -> None:
    """Section 3 and Appendix A.4 but for what the row's name says."""
    for name, run in paper.runs.items():
        if not name.startswith("lingualift") or name.endswith(("lora", "warm-start")):
            continue
        for stage in run.stages:
            settings = stage.stage
            assert isinstance(settings, LanguageModelling)
            assert LAYOUTS[stage.input] == ("bos", "instruction", "start", "states", "end"), name
            first = stage.name == "align"
            assert (settings.epochs, settings.batch) == (3, 256 if first else 128), name
            assert settings.schedule == ("constant" if first else "cosine"), name
            if first and "parallel" not in name:
                assert stage.codeswitch is not None, name
                assert (stage.codeswitch.task, stage.codeswitch.queries) == ("gsm8k", None), name
            assert stage.alignment is not None and not stage.alignment.scaled, name


def test_published_checkpoints_are_asked_in_the_templates_of_their_repositories(
    paper: Plan,
) -> None:
    """lm_eval/utils.py's InstructionTemplates and, of QAlign, evaluate/scripts/mgsm_test.py."""
    step = f"{ALPACA} appropriately completes the request.\n\n### Instruction:\n{{question}}\n\n"
    step += "### Response:"
    octopus = (
        "Below is an instruction that describes a task. Write a response that appropriately"
        " completes the request in {source}. Please answer in {source}.\n\n### Instruction:\n"
        "{question}\n\n### Response:"
    )
    thinking = f"{step} Let's think step by step."
    expected = {
        "mammoth-7b": step, "wizardmath-7b": thinking, "metamath-7b": thinking,
        "mathoctopus-parallel-7b": octopus, "mathoctopus-mapo-dpo-7b": octopus,
        "metamathoctopus-mapo-dpo-7b": octopus, "qalign-metamathqa-7b": step,
    }  # fmt: skip
    asked = {name: paper.asked(f"published-{name}", "mmwp-mini").template for name in expected}
    assert asked == expected


def test_released_rows_give_the_llm_bos_states_and_response_alone() -> None:
    made = planned("paper.yaml", "released.yaml")
    for stage in made.stages.values():
        assert LAYOUTS[stage.input] == ("bos", "start", "states", "end")
        assert not encodes_questions(made, stage)  # the encoder reads the whole templated prompt
    assert made.config.evaluation.max_new_tokens == 1024


def test_function_words_take_part_in_the_papers_sweep_of_parts_of_speech(paper: Plan) -> None:
    assert paper.config.vocabulary.stop_words


NLI = (
    "I will give you a premise and a hypothesis. Choose the most appropriate relationship from the"
    " following options: Entailment, Neutral, Contradiction.\n### Premise:\nIt rains.\n\n"
    "### Hypothesis:\nIt is wet.\n\n### Answer:"
)
CSQA = (
    "Read the following commonsense question carefully, then choose the best answer from the given"
    " options. The answer should be one of A, B, C, D, E.\n\n<Question>:\nWhere is it?\n\n"
    "<Choices>:\nA. here\nB. there\nC. up\nD. down\nE. off\n\n<Answer>:"
)


def test_inference_and_commonsense_can_be_asked_in_mindmergers_words_and_the_harnesss(
    paper: Plan,
) -> None:
    """prompts.py of MindMerger (the default); xnli.py and csqa.py of the released harness."""
    pair = nli_question("It rains.", "It is wet.")
    choice = multiple_choice_question("Where is it?", ["here", "there", "up", "down", "off"])
    assert paper.prompt("nli").text(pair) == "Premise: It rains.\nHypothesis: It is wet.\nLabel:"
    assert paper.prompt("commonsense").text(choice) == (
        "Where is it?\nOptions:A. here\tB. there\tC. up\tD. down\tE. off\nAnswer:"
    )
    assert paper.prompt("nli-harness").text(pair) == NLI
    assert paper.prompt("commonsense-harness").text(choice) == CSQA
    with pytest.raises(LinguaLiftError, match="question 'How many\\?' has no premise"):
        paper.prompt("nli-harness").text("How many?")
    made = planned("paper.yaml", "released.yaml")
    assert made.asked("lingualift-released-nli", "xnli").text(pair) == NLI
    assert made.asked("lingualift-released-commonsense", "xcsqa").text(choice) == CSQA
    assert paper.asked("lingualift-nli", "xnli") == paper.prompt("nli")


def changes(run: Run, base: Run) -> dict[str, Any]:
    """What the resolved stages of a run have otherwise than those of the same name in a base run,
    as {'stage.key': value}, and under 'stages' the chain where it is another.
    """
    own = {stage.name: flat(stage) for stage in run.stages}
    other = {stage.name: flat(stage) for stage in base.stages}
    found: dict[str, Any] = {}
    if list(own) != list(other):
        found["stages"] = list(own)
    for name in own.keys() & other.keys():
        found |= {
            f"{name}.{key}": own[name].get(key)
            for key in own[name].keys() | other[name].keys()
            if own[name].get(key) != other[name].get(key)
        }
    return found


def flat(stage: RunStage) -> dict[str, Any]:
    """The settings of a resolved stage, but for its id and its parent's."""
    values = stage.model_dump(exclude={"id", "parent"})
    inner = {key: value for key, value in values.items() if isinstance(value, dict)}
    plain = {key: value for key, value in values.items() if key not in inner}
    return plain | {
        f"{key}.{part}": value for key, parts in inner.items() for part, value in parts.items()
    }


MODULES = ["alignment", "boundary", "llm"]
SWEEP = {f"ratio-{ratio}": {"align.codeswitch.ratio": ratio} for ratio in (0.0, 0.2, 0.4, 0.6, 1.0)}
POS = {
    f"pos-{preset}": {"align.codeswitch.pos": preset}
    for preset in (
        "noun", "verb", "adposition", "pronoun", "adjective", "conjunction", "auxiliary", "adverb",
        "verb-adverb", "adjective-adverb", "pronoun-auxiliary-conjunction", "subject-verb",
        "prepositional-phrase",
    )
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("without-align", {"stages": ["transfer"], "transfer.stage.train": MODULES}),
        ("without-transfer", {"stages": ["align"]}),
        ("llm-in-align", {"align.stage.train": MODULES}),
        ("llm-frozen", {"transfer.stage.train": MODULES[:2]}),
        ("align-in-transfer", {"transfer.stage.train": MODULES}),
        *SWEEP.items(),
        *POS.items(),
        ("1-layer", {"align.alignment.layers": 1, "transfer.alignment.layers": 1}),
        ("3-layers", {"align.alignment.layers": 3, "transfer.alignment.layers": 3}),
        ("lora", {"transfer.stage.train": ["llm-lora"]}),
        ("warm-start", {"stages": ["warm-start", "align", "transfer"]}),
        (
            "parallel",
            {
                "align.stage.data": "parallel",
                "align.tasks": ["parallel"],
                **{
                    f"align.codeswitch.{key}": None
                    for key in ("task", "ratio", "pos", "choice", "top_k")
                },
            },
        ),
        (
            "mixed",
            {
                "align.stage.data": ["code-switched", "gsm8kinstruct"],
                "align.stage.prompt": ["translation", "maths"],
                "align.tasks": ["gsm8k", "gsm8kinstruct"],
            },
        ),
        (
            "split-digits",
            {f"{stage}.encoder.split_digits": True for stage in ("align", "transfer")},
        ),
    ],
)  # fmt: skip
def test_an_ablation_is_the_main_row_but_for_what_it_is_named_after(
    name: str, expected: dict[str, Any], paper: Plan
) -> None:
    """Section 6.2 and Appendices D and E change one thing at a time. Rates follow what learns: see
    `test_modules_that_learn_together_keep_the_rates_of_the_released_code`.
    """
    found = changes(paper.runs[f"lingualift-metamath-{name}"], paper.runs["lingualift-metamath"])
    rates = {key for key in found if key.endswith((".learning_rate", ".weight_decay"))}
    assert not rates or "train" in str(expected)
    assert {key: value for key, value in found.items() if key not in rates} == expected


@pytest.mark.parametrize(
    "encoder",
    ["mt5-small", "mt5-base", "mt5-large", "mt5-xxl", "mbert", "xlm", "xlm-r-large", "labse"],
)
def test_a_row_of_another_encoder_is_the_inference_row_but_for_it(
    encoder: str, paper: Plan
) -> None:
    """Appendix E.5."""
    found = changes(paper.runs[f"lingualift-nli-{encoder}"], paper.runs["lingualift-nli"])
    assert {key.rpartition(".")[0] for key in found} == {"align.encoder", "transfer-nli.encoder"}
    assert found["align.encoder.source"] == encoder
