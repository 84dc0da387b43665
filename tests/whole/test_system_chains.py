"""Every kind of system trains: each stage of config/gsm8k.yaml takes a step on tiny random models,
and the chain's end loads.

What a stage does not train is bit by bit what its parent left, so a chain is what `config/systems`
says.
"""

from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import torch
from safetensors.torch import load_file

from lingualift.artifacts import read_json, write_json, write_parquet
from lingualift.codeswitch.lexicon import make_lexicon
from lingualift.codeswitch.switch import CODESWITCH_SCHEMA, checked_switching, switch_table
from lingualift.codeswitch.tag import TAGGED_SCHEMA, query_key
from lingualift.model.encoder import Encoder
from lingualift.model.layout import Prompt
from lingualift.model.modeling import LinguaLiftModel
from lingualift.model.states import encoded_texts
from lingualift.plan import Plan, inputs
from lingualift.plan.systems import RunStage
from lingualift.tasks.loaders import TASK_SCHEMA
from lingualift.training.examples import draw_examples, read_examples
from lingualift.training.job import StageJob, StageTexts
from lingualift.training.run import run_stage
from tests.unit.test_systems import planned

ENGLISH = ["Maria has 14 apples.", "How many apples does Maria have now?", "Solve the problem."]
OVERLAY = {
    "languages": {"alignment": ["de", "sw"], "evaluation": ["en", "es"]},
    "precision": "float32",
    "tasks": {
        "gsm8kinstruct": {"languages": ["en", "de", "sw"]},
        "parallel": {"languages": ["de"]},
    },
}


def task_table(languages: list[str]) -> pa.Table:
    rows = [
        {
            "id": f"{code}-{place}",
            "language": code,
            "question": f"{text} {code}",
            "response": "14 + 9 = 23",
            "answer": "23",
        }
        for code in languages
        for place, text in enumerate(ENGLISH)
    ]
    return pa.Table.from_pylist(rows, TASK_SCHEMA)


def switched_table(language: str) -> pa.Table:
    def token(text: str, start: int) -> dict:
        named = {
            "pos": "NOUN",
            "lower": text.lower(),
            "entity": "",
            "number": False,
            "fused": False,
            "casing": 0,
        }
        return {"start": start, "end": start + len(text), **named}

    rows = []
    for text in ENGLISH:
        starts = [
            place
            for place in range(len(text))
            if text[place] != " " and (place == 0 or text[place - 1] == " ")
        ]
        tokens = [token(text[start:].split(" ")[0], start) for start in starts]
        rows.append({"id": text, "text": text, "key": query_key(text), "tokens": tokens})
    lexicon = make_lexicon({"apples": ["Bücher"], "problem.": ["manzanas."]}, language)
    return switch_table(
        pa.Table.from_pylist(rows, TAGGED_SCHEMA),
        lexicon,
        checked_switching(1, "all", "best", 1, 1),
    )[0]


def write_inputs(
    made: Plan,
    encoder: Path,
    folder: Path,
    layer: int | list[int] = 2,
    split_digits: bool = False,
) -> None:
    """Texts and encoder states of every stage below `folder`, as the workflow lays them out."""
    runner = Encoder(encoder, layer, torch.float32, split_digits=split_digits)
    tables = {
        (table.texts, table.states, table.lexicon)
        for stage in made.stages.values()
        for table in [*inputs.stage_texts(made, stage), inputs.stage_reference(made, stage)]
        if table is not None
    }
    for texts, states, lexicon in sorted(tables, key=str):
        if lexicon:
            language = Path(lexicon).stem
            table, schema = switched_table(language), CODESWITCH_SCHEMA
            verdict = "collapsed" if language == "sw" else "good"
            write_json(folder / lexicon, {"language": language, "verdict": verdict})
        else:
            task = made.config.tasks[Path(texts).parent.name]
            table, schema = task_table(task.languages or ["en"]), TASK_SCHEMA
        write_parquet(folder / texts, table, schema)
        if states:
            runner.store(folder / states, encoded_texts(table))


def data(made: Plan, table: inputs.StageTable, folder: Path) -> StageTexts:
    """What the workflow hands to the trainer, below `folder`."""
    return StageTexts(
        folder / table.texts,
        folder / table.states if table.states else None,
        Prompt(**table.prompt) if table.prompt else None,
        folder / table.lexicon if table.lexicon else None,
    )


def train(
    made: Plan,
    stage: RunStage,
    folder: Path,
    llm: Path,
    encoder: Path,
    layer: int | list[int] = 2,
    split_digits: bool = False,
) -> Path:
    out = folder / stage.id
    if out.exists():
        return out
    warm = stage.stage.objective == "warm-start"
    small = {"batch": 64, "steps": 2} if warm else {"batch": 4, "epochs": 1}
    reference = inputs.stage_reference(made, stage)
    job = StageJob(
        stage=stage.stage.model_copy(update={"examples": 4, **small}),
        name=stage.name,
        layout=stage.input,
        seed=stage.seed,
        out=out,
        llm=llm,
        encoder=encoder if stage.encoder else None,
        layer=layer if stage.encoder else None,
        split_digits=split_digits and stage.encoder is not None,
        alignment=stage.alignment,
        parent=folder / stage.parent if stage.parent else None,
        data=[data(made, table, folder) for table in inputs.stage_texts(made, stage)],
        reference=data(made, reference, folder) if reference else None,
        names=inputs.stage_languages(made, stage),
        bf16=False,
        stamp={},
    )
    run_stage(job)
    return out


def tensors(folder: Path) -> dict[str, torch.Tensor]:
    """Its own, and those of the LLM that it shares with its parent."""
    linked = load_file(folder / "llm.safetensors") if (folder / "llm.safetensors").exists() else {}
    llm = {name: tensor for name, tensor in linked.items() if name.startswith("llm.")}
    return llm | load_file(folder / "model.safetensors")


def test_every_system_of_gsm8k_trains_what_it_says_and_nothing_else(
    tmp_path, llama, causal_encoder
):
    made = planned("gsm8k.yaml", OVERLAY)
    write_inputs(made, causal_encoder, tmp_path)
    for stage in made.stages.values():
        out = train(made, stage, tmp_path, llama, causal_encoder)
        record = read_json(out / "stage.json")
        assert record["left_out"] == (["sw"] if stage.codeswitch else [])
        if stage.parent and "llm-lora" not in stage.stage.train:
            before, after = tensors(tmp_path / stage.parent), tensors(out)
            for name, tensor in before.items():
                if name.split(".")[0] not in stage.stage.train:
                    assert torch.equal(tensor, after[name]), f"{stage.id} changed {name}"
            changed = {
                name.split(".")[0]
                for name, tensor in after.items()
                if name not in before or not torch.equal(tensor, before[name])
            }
            trained = set(stage.stage.train) | (
                {"boundary"} if stage.stage.objective == "warm-start" else set()
            )
            assert changed <= trained and changed >= set(stage.stage.train) - {"boundary"}, stage.id
    languages = {
        stage.name: read_json(tmp_path / stage.id / "stage.json")["languages"]
        for stage in made.stages.values()
    }
    assert languages["multi-sft"] == ["de", "en", "sw"] and languages["transfer"] == ["en"]
    mixed = made.runs["lingualift-mixed"].stages[-2]
    assert read_json(tmp_path / mixed.id / "stage.json")["languages"] == [
        "de",
        "en",
        "sw",
    ]  # the collapsed sw comes from GSM8KInstruct
    ends = {run.checkpoint for run in made.runs.values()}
    for end in ends:
        model = LinguaLiftModel.from_pretrained(tmp_path / end)
        assert (model.alignment is None) == (made.stages[end].encoder is None)


def test_the_parts_of_a_mixed_stage_are_asked_in_their_own_words_and_languages(
    tmp_path, causal_encoder
):
    made = planned(
        "gsm8k.yaml",
        OVERLAY,
        {"prompts": {"translation": {"template": "{question}\nFrom {source} to {target}:"}}},
    )
    write_inputs(made, causal_encoder, tmp_path)
    stage = made.runs["lingualift-mixed"].stages[-2]
    parts = [
        read_examples(data(made, replace(table, states=None), tmp_path), {"de": "German"})
        for table in inputs.stage_texts(made, stage)
    ]
    drawn = draw_examples(parts, None, 1)
    asked = {
        (language, prompt.template)
        for language, prompt in zip(drawn.languages, drawn.prompts, strict=True)
    }
    maths = made.config.prompts["maths"].template
    switched = {
        (code, f"{{question}}\nFrom {name} to English:")
        for code, name in (("de", "German"), ("sw", "sw"))
    }
    assert asked == switched | {(code, maths) for code in ("en", "de", "sw")}
