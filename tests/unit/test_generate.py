"""Generation: the batched loop with shrinking batches gives the tokens that Transformers' own
greedy search gives one by one, and an interrupted job ends with the bytes of an uninterrupted one.
"""

import itertools
import json
import shutil
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoModelForCausalLM, AutoTokenizer

from lingualift import machine
from lingualift.artifacts import write_parquet
from lingualift.benchmarks.base import Problem
from lingualift.config import Evaluation
from lingualift.evaluation import generate as module
from lingualift.evaluation import memory, prefill
from lingualift.evaluation.generate import ComposedInputs, chunks, generate
from lingualift.evaluation.memory import Budget, Held, require_fit, require_room, weight_bytes
from lingualift.evaluation.partial import Partial
from lingualift.evaluation.predict import Asking, predict
from lingualift.evaluation.predictions import PREDICTION_SCHEMA
from lingualift.evaluation.problems import texts
from lingualift.evaluation.score import mark
from lingualift.messages import LinguaLiftError
from lingualift.model.encoder import Encoder
from lingualift.model.layout import (
    IGNORE,
    LAYOUTS,
    Prompt,
    compose,
    end_ids,
    load_tokenizer,
    special_ids,
)
from lingualift.model.modeling import LinguaLiftModel
from lingualift.model.prepacked import PackedLinear, can_pack, pack_weights
from lingualift.model.states import States
from lingualift.training.batches import collate
from tests.conftest import save_llama

PROMPT = Prompt("{question}\nAnswer:", "Solve. ")
QUESTIONS = [
    f"Maria has {number} apples" + " and pears" * (number % 5) + "." for number in range(2, 22)
]
LENGTH = 12


class World:
    """A random model, its tokenizer and encoder states of the questions."""

    def __init__(self, llama: Path, causal_encoder: Path) -> None:
        self.llm = llama
        self.encoder = Encoder(causal_encoder, 2, torch.float32)
        torch.manual_seed(5)
        self.model = LinguaLiftModel.build(
            str(llama),
            {"path": "e", "fingerprint": "f", "layer": 2},
            self.encoder.dim,
            2,
            "gelu",
            True,
        ).eval()
        # else it repeats the last token of a prompt, whatever comes before
        with torch.no_grad():
            for name, parameter in self.model.llm.named_parameters():
                if "proj" in name:
                    parameter *= 10
        self.tokenizer = AutoTokenizer.from_pretrained(llama)
        _, self.eos, self.pad = special_ids(self.tokenizer)

    def compose(self, layout: str, questions: list[str], response: str | None = None):
        states = None if layout == "text" else self.encoder.encode(questions)
        counts = [0] * len(questions) if states is None else states.counts().tolist()
        return states, [
            compose(LAYOUTS[layout], self.tokenizer, PROMPT, question, count, response)
            for question, count in zip(questions, counts, strict=True)
        ]


@pytest.fixture(scope="module")
def world(llama: Path, causal_encoder: Path) -> World:
    return World(llama, causal_encoder)


def alone(world: World, example, states, index: int, ends: list[int]) -> list[int]:
    """Transformers' own greedy search over one prompt."""
    inputs = collate([example], world.pad, left=True)
    inputs.pop("labels")
    if states is not None:
        inputs["encoder_states"] = torch.from_numpy(states.of(index))
    found = world.model.generate(
        **inputs, max_new_tokens=LENGTH, do_sample=False, eos_token_id=ends, pad_token_id=world.pad
    )
    return found[0].tolist()


@pytest.mark.parametrize("layout", ["encoder", "text", "both"])
@pytest.mark.parametrize(("read", "batch"), [(1024, 8), (100, None)])
@pytest.mark.parametrize("shared", [1, 10_000])
def test_batched_generation_equals_one_at_a_time_and_stops_where_it_should(
    world: World, monkeypatch, layout: str, read: int, batch: int | None, shared: int
):
    monkeypatch.setattr(module, "READ_TOKENS", read)
    monkeypatch.setattr(prefill, "SHARED_TOKENS", shared)
    monkeypatch.setattr(memory, "PROCESSOR_BYTES", 60_000)
    states, examples = world.compose(layout, QUESTIONS)
    # a random model hardly ever ends by itself: let a token that it produces be an end
    ends = [world.eos, alone(world, examples[0], states, 0, [world.eos])[9]]
    inputs = ComposedInputs(examples, states, world.pad)
    batches = list(generate(world.model, inputs, ends, LENGTH, batch))
    answers = {index: (tokens, reason) for batch in batches for index, tokens, reason in batch}
    assert sorted(answers) == list(range(len(QUESTIONS)))
    assert (max(map(len, batches)) == 8) == (batch is not None)
    for index, example in enumerate(examples):
        expected = alone(world, example, states, index, ends)
        stops = [place for place, token in enumerate(expected) if token in ends]
        assert answers[index] == (
            expected[: stops[0]] if stops else expected,
            "end" if stops else "length",
        )
    assert {"end", "length"} == {reason for _, reason in answers.values()}
    assert len({tuple(tokens) for tokens, _ in answers.values()}) > 2


def test_a_model_that_declares_several_end_tokens_stops_at_each_of_them(
    llama: Path, tmp_path: Path
):
    """The tokenizer's EOS (1), one of config.json, those of generation_config.json, and the end of
    a turn in the chat format.
    """
    folder = tmp_path / "llm"
    shutil.copytree(llama, folder)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.add_special_tokens({"additional_special_tokens": ["<|eot_id|>", "<|other|>"]})
    tokenizer.save_pretrained(folder)
    turn = tokenizer.convert_tokens_to_ids("<|eot_id|>")
    assert end_ids(load_tokenizer(folder), folder) == (1, turn)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "eos_token_id": [1, 7]}))
    named = {"eos_token_id": [1, 9, 8]}
    (folder / "generation_config.json").write_text(json.dumps(named))
    assert end_ids(load_tokenizer(folder), folder) == (1, 7, 9, 8, turn)
    (folder / "generation_config.json").write_text(json.dumps({"eos_token_id": 9}))
    assert end_ids(load_tokenizer(folder), folder) == (1, 7, 9, turn)


def test_predictions_end_where_the_model_folder_says(world: World, llama: Path, tmp_path: Path):
    folder = tmp_path / "llm"
    shutil.copytree(llama, folder)
    every = {"eos_token_id": list(range(len(world.tokenizer)))}
    (folder / "generation_config.json").write_text(json.dumps(every))
    rows = answer(world, llm=folder).to_pylist()
    assert {(row["output"], row["stop_reason"]) for row in rows} == {("", "end")}
    assert {row["stop_reason"] for row in answer(world).to_pylist()} != {"end"}


@pytest.mark.parametrize(
    ("layout", "saved", "beginning"),
    [
        ("encoder", 19, "<s>Solve. <start>"),
        ("text", 19, "<s>Maria has"),
        ("both", 19, "<s>"),  # then come encoder states, which differ
        ("encoder", 10_000, ""),
    ],
)
def test_what_all_prompts_begin_with_is_read_once_where_it_saves_enough(
    world: World, monkeypatch, layout: str, saved: int, beginning: str
):
    monkeypatch.setattr(prefill, "SHARED_TOKENS", saved)
    states, examples = world.compose(layout, QUESTIONS)
    inputs = ComposedInputs(examples, states, world.pad)
    batches = inputs.batches(inputs.longest_first(), torch.device("cpu"))
    text, start = beginning.removeprefix("<s>").partition("<start>")[:2]
    expected = bool(beginning) + bool(start)
    expected += len(world.tokenizer(text, add_special_tokens=False)["input_ids"])
    assert prefill.shared_beginning(batches) == expected
    read = []
    hook = world.model.llm.base_model.layers[0].register_forward_pre_hook(
        lambda module, given: read.append(given[0].shape[:2].numel())
    )
    prefill.prefill(world.model, batches, 4)
    hook.remove()
    padded = sum(batch["input_ids"].numel() for batch in batches)
    assert sum(read) == padded - (len(examples) - 1) * expected


def test_prompts_that_are_alike_leave_a_token_to_read_and_one_prompt_shares_nothing(world: World):
    _, examples = world.compose("text", QUESTIONS[:1] * 300)
    inputs = ComposedInputs(examples, None, world.pad)
    batch = inputs.batch(range(300), torch.device("cpu"), left=False)
    assert prefill.shared_beginning([batch]) == len(examples[0]) - 1
    assert prefill.shared_beginning(inputs.batches([0], torch.device("cpu"))) == 0


def test_answers_do_not_depend_on_memory_that_nothing_was_written_to(world: World, monkeypatch):
    states, examples = world.compose("text", QUESTIONS)
    inputs = ComposedInputs(examples, states, world.pad)
    ends = alone(world, examples[0], states, 0, [world.eos])[5:7]  # so that rows leave the batch
    expected = list(generate(world.model, inputs, ends, LENGTH, None))
    lengths = [len(ids) for _, ids, _ in expected[0]]
    assert len(set(lengths)) > 2 and min(lengths) < LENGTH * 3 // 4
    whole = torch.Tensor.new_empty
    monkeypatch.setattr(
        torch.Tensor, "new_empty", lambda *shape, **how: whole(*shape, **how).fill_(torch.nan)
    )
    assert list(generate(world.model, inputs, ends, LENGTH, None)) == expected


@given(st.lists(st.integers(1, 60), max_size=40), st.integers(1, 200))
def test_chunks_cover_all_lengths_in_order_within_their_bounds(lengths: list[int], tokens: int):
    lengths = sorted(lengths, reverse=True)
    cut = chunks(lengths, tokens)
    assert list(itertools.chain.from_iterable(lengths[span] for span in cut)) == lengths
    for span in cut:
        own = lengths[span]
        assert len(own) == 1 or len(own) * own[0] <= tokens


@pytest.mark.parametrize(("capacity", "sizes"), [(20, [20]), (7, [5, 5, 5, 5]), (2, [2] * 10)])
def test_a_batch_that_does_not_fit_is_halved_and_later_ones_are_no_larger(
    world: World, monkeypatch, capacity: int, sizes: list[int]
):
    states, examples = world.compose("encoder", QUESTIONS)
    inputs = ComposedInputs(examples, states, world.pad)
    whole = module.greedy

    def limited(model, batches, *rest):
        if sum(len(batch["input_ids"]) for batch in batches) > capacity:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return whole(model, batches, *rest)

    expected = list(generate(world.model, inputs, [world.eos], 4, None))
    monkeypatch.setattr(module, "greedy", limited)
    batches = list(generate(world.model, inputs, [world.eos], 4, None))
    assert list(map(len, batches)) == sizes
    assert list(itertools.chain(*batches)) == list(itertools.chain(*expected))


def test_one_answer_that_does_not_fit_ends_with_three_settings(world: World, monkeypatch):
    def never(*arguments):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")

    monkeypatch.setattr(module, "greedy", never)
    states, examples = world.compose("encoder", QUESTIONS[:2])
    inputs = ComposedInputs(examples, states, world.pad)
    with pytest.raises(LinguaLiftError) as error:
        list(generate(world.model, inputs, [world.eos], 4, None))
    for name in ("2.00 GiB", "precision", "llm.source", "evaluation.max_new_tokens"):
        assert name in str(error.value)


def test_rows_are_what_a_budget_holds_of_keys_and_values(world: World, monkeypatch):
    """Two layers of two key-value heads of 8 dimensions in float32: 256 bytes a position."""
    held = Held.of(world.model.llm.config, torch.float32)
    _, examples = world.compose("text", QUESTIONS)
    past = module.prefill(
        world.model, ComposedInputs(examples, None, 2).batches([0], torch.device("cpu")), 30
    )
    layers = past.cache.layers
    positions = len(examples[0]) + 30
    assert sum(layer.keys.nbytes + layer.values.nbytes for layer in layers) == 256 * positions
    vocabulary = world.model.llm.config.vocab_size
    assert held.row(len(examples[0]), 30) == 256 * positions + 6 * vocabulary
    row = held.row(50, 30)
    budget = Budget(10 * row + 1, 64)
    assert budget.held(row) == 10 and budget.held(row // 9) == 64
    assert budget.held(held.row(5000, 3000)) == 1, "one row is tried all the same"
    cpu, gpu = torch.device("cpu"), torch.device("cuda")
    model = 30 * 10**9
    assert [Budget.of(cpu, model, asked).held(1) for asked in (None, 500)] == [128, 500]
    assert Budget.of(cpu, model, None).held(10**9) == 2
    monkeypatch.setattr(machine, "gpu_memory", lambda device: 100 * 10**9)
    rows = [Budget.of(gpu, model, asked).held(10**8) for asked in (None, 400, 700)]
    assert rows == [560, 400, 560]
    monkeypatch.setattr(machine, "gpu_memory", lambda device: 32 * 10**9)
    assert Budget.of(gpu, model, None).held(10**8) == 16, "a fifth of what is left, not of all"


def test_what_other_programs_hold_changes_no_batch(world: World, monkeypatch):
    """Rows that are answered together round together, so other batches are other answers."""
    states, examples = world.compose("both", QUESTIONS)
    inputs = ComposedInputs(examples, states, world.pad)
    row = Held.of(world.model.llm.config, torch.float32).row(max(map(len, examples)), LENGTH)
    monkeypatch.setattr(memory, "PROCESSOR_BYTES", 7 * row)

    def batches(free: int | None) -> list[list[int]]:
        monkeypatch.setattr(machine, "available_memory", lambda: free)
        made = generate(world.model, inputs, [world.eos], LENGTH, None)
        return [[index for index, _, _ in part] for part in made]

    expected = batches(None)
    assert len(expected[0]) == 7
    assert batches(10**12) == batches(7 * row) == expected
    with pytest.raises(LinguaLiftError, match="7 answers at once need") as error:
        batches(7 * row - 1)
    assert "set evaluation.batch (of an LLM that translates: translation.batch) to 6;" in str(
        error.value
    )
    require_room(torch.device("cpu"), 6, row)
    with pytest.raises(LinguaLiftError, match=r"or set precision to bfloat16"):
        batches(row - 1)


def test_an_llm_that_cannot_fit_is_refused_by_its_bytes_before_it_is_loaded(
    llama: Path, monkeypatch
):
    weights = sum(p.numel() for p in AutoModelForCausalLM.from_pretrained(llama).parameters())
    assert weight_bytes(llama, torch.bfloat16) == 2 * weights
    cpu = torch.device("cpu")
    monkeypatch.setattr(machine, "available_memory", lambda: 10**6)
    require_fit(llama, torch.bfloat16, cpu, 40)
    monkeypatch.setattr(machine, "available_memory", lambda: 2 * weights)
    with pytest.raises(LinguaLiftError) as error:
        require_fit(llama, torch.bfloat16, cpu, 40)
    size = f"{2 * weights / 1e9:.3g} GB"
    for part in (f"take {size} in bfloat16", f"machine has {size} free", "precision", "llm.source"):
        assert part in str(error.value)
    assert "evaluation.max_new_tokens" in str(error.value) and "\n" not in str(error.value)


@pytest.mark.skipif(not can_pack(), reason="this processor does not multiply bfloat16")
@pytest.mark.parametrize("tied", [True, False])
def test_packed_weights_give_the_same_bits(tmp_path: Path, tied: bool):
    llm = save_llama(tmp_path / "llm", hidden=64, tied=tied)
    plain, packed = (LinguaLiftModel.build(str(llm), dtype=torch.bfloat16).eval() for _ in "ab")
    pack_weights(packed.llm)
    layers = [module for module in packed.modules() if isinstance(module, PackedLinear)]
    assert len(layers) == 2 * 7 + 1 and all(layer.weight is None for layer in layers)
    for rows in (1, 3, 40):
        ids = torch.arange(rows * 12).view(rows, 12) % 250
        with torch.inference_mode():
            hidden = [model.llm.base_model(ids).last_hidden_state for model in (plain, packed)]
            assert torch.equal(*hidden)
            assert torch.equal(plain.logits(hidden[0]), packed.logits(hidden[0]))


def problems(choices: tuple[str, ...] = ()) -> list[Problem]:
    return [
        Problem(f"p{index}", question, choices[0] if choices else "3", choices=choices)
        for index, question in enumerate(QUESTIONS)
    ]


def answer(
    world: World,
    partial: Path | None = None,
    kind: str = "number",
    items: list[Problem] | None = None,
    llm: Path | None = None,
    **settings,
):
    items = items or problems()
    states = world.encoder.encode(texts(items))
    evaluation = Evaluation(max_new_tokens=LENGTH, batch=6, **settings)
    asking = Asking("en", kind, "encoder", PROMPT, evaluation)
    return predict(world.model, llm or world.llm, items, states, asking, partial)


def test_stored_answers_to_other_encoder_states_or_by_other_arithmetic_are_not_taken(
    world: World, monkeypatch, tmp_path: Path
):
    items, partial = problems(), tmp_path / "partial"
    states = world.encoder.encode(texts(items))
    other = States.of_arrays([2 * states.of(index) for index in range(len(states))])
    asking = Asking("en", "number", "encoder", PROMPT, Evaluation(max_new_tokens=LENGTH, batch=6))
    calls, original = [], module.greedy
    monkeypatch.setattr(module, "greedy", lambda *given: calls.append(0) or original(*given))

    def batches(read: States) -> int:
        calls.clear()
        predict(world.model, world.llm, items, read, asking, partial)
        return len(calls)

    assert [batches(states), batches(states), batches(other), batches(states)] == [4, 0, 4, 4]
    world.model.to(torch.bfloat16)
    try:
        assert batches(states) == 4
    finally:
        world.model.to(torch.float32)


def test_resumed_predictions_are_byte_for_byte_those_of_an_uninterrupted_job(
    world: World, monkeypatch, tmp_path: Path
):
    whole = answer(world, tmp_path / "whole.partial")
    calls = []
    original = module.greedy

    def stopping(*arguments):
        if len(calls) == 2:
            raise KeyboardInterrupt
        calls.append(0)
        return original(*arguments)

    partial = tmp_path / "part.partial"
    monkeypatch.setattr(module, "greedy", stopping)
    with pytest.raises(KeyboardInterrupt):
        answer(world, partial)
    with open(partial, "a") as handle:
        handle.write("[[3,[4,")  # the machine stopped while a line was written
    calls.clear()
    monkeypatch.setattr(
        module, "greedy", lambda *arguments: calls.append(0) or original(*arguments)
    )
    resumed = answer(world, partial)
    assert len(calls) == 4 - 2  # of 20 problems in batches of 6, two were answered
    for name, table in (("a", whole), ("b", resumed)):
        write_parquet(tmp_path / name, table, PREDICTION_SCHEMA, {})
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert partial.read_text() == (tmp_path / "whole.partial").read_text()


def test_stored_answers_of_other_settings_are_not_taken(tmp_path: Path):
    path = tmp_path / "deep" / "partial"
    Partial(path, "a").add([(0, [1, 2], "end")])
    assert Partial(path, "a").answers == [(0, [1, 2], "end")]
    assert Partial(path, "b").answers == []
    assert Partial(path, "a").answers == []  # b started the file anew


@pytest.mark.parametrize(
    "damaged",
    [
        b'[[Infinity,[1],"end"]]',
        b'[[1,[NaN],"end"]]',
        b'[[1,[1],"\\ud800"]]',
        b'[[1,[1],"\xed\xa0\xbd"]]',
        b"[" * 100_000,
        b"[[" + b"9" * 5000 + b',[1],"end"]]',
        b"[[1,[1]]]",
    ],
    ids=["infinity", "NaN", "surrogate", "not UTF-8", "depth", "digits", "short"],
)
def test_answers_before_a_damaged_line_are_kept(tmp_path: Path, damaged: bytes):
    path = tmp_path / "partial"
    path.write_bytes(b'key\n[[0,[1,2],"end"]]\n' + damaged + b"\n")
    assert Partial(path, "key").answers == [(0, [1, 2], "end")]
    assert path.read_bytes() == b'key\n[[0,[1,2],"end"]]\n'


@pytest.mark.parametrize("named", ["7", 7.5, True, [1, "</s>"], [[1]]])
def test_an_end_that_is_no_number_of_a_token_is_one_line(llama: Path, tmp_path: Path, named):
    folder = tmp_path / "llm"
    shutil.copytree(llama, folder)
    (folder / "generation_config.json").write_text(json.dumps({"eos_token_id": named}))
    with pytest.raises(LinguaLiftError, match=r"llm: eos_token_id .* is not the number"):
        end_ids(load_tokenizer(folder), folder)
    for nothing in ({"eos_token_id": []}, {"eos_token_id": None}, []):
        (folder / "generation_config.json").write_text(json.dumps(nothing))
        assert end_ids(load_tokenizer(folder), folder) == (1,)


def test_predictions_are_one_row_a_problem_in_the_benchmarks_order(world: World):
    rows = answer(world).to_pylist()
    assert [row["id"] for row in rows] == [f"p{index}" for index in range(len(QUESTIONS))]
    assert {row["stop_reason"] for row in rows} <= {"end", "length"} and all(
        row["generated_tokens"] <= LENGTH for row in rows
    )
    assert len({row["prompt_hash"] for row in rows}) == len(set(QUESTIONS))


def test_the_likeliest_choice_is_that_of_whole_sequences_scored_alone(world: World):
    choices = ("Maria", "Ana tiene", "apples. How", "x")
    rows = answer(world, kind="choice", items=problems(choices), choices="likelihood").to_pylist()
    states = world.encoder.encode(QUESTIONS)
    for index, row in enumerate(rows):
        values = []
        for choice in choices:
            own = compose(
                LAYOUTS["encoder"],
                world.tokenizer,
                PROMPT,
                QUESTIONS[index],
                int(states.counts()[index]),
                choice,
            )
            inputs = collate([own], world.pad)
            labels = inputs.pop("labels")
            with torch.no_grad():
                logits = world.model(**inputs, encoder_states=torch.from_numpy(states.of(index)))[
                    "logits"
                ]
            targets = labels[0, 1:]
            each = logits[0, :-1].log_softmax(-1).gather(1, targets.clamp_min(0)[:, None])[:, 0]
            values.append(float(each[targets != IGNORE].sum()))
        assert (
            row["output"] == choices[int(np.argmax(values))] and row["stop_reason"] == "likelihood"
        )
        marks = mark("choice", row["output"], row["gold"], row["choices"])
        assert marks.correct == (row["output"] == choices[0])
    assert len({row["output"] for row in rows}) > 1 or len(set(choices)) == 4


def test_choice_likelihoods_equal_those_of_whole_sequences(world: World):
    states, examples = world.compose("encoder", QUESTIONS)
    choices = [
        [[5, 9, world.eos], [7, world.eos], [11, 12, 13, 14, world.eos]][: 2 + index % 2]
        for index in range(len(examples))
    ]
    inputs = ComposedInputs(examples, states, world.pad)
    found = module.choice_likelihoods(world.model, inputs, choices, 7)
    for index, example in enumerate(examples):
        assert len(found[index]) == len(choices[index])
        for value, ids in zip(found[index], choices[index], strict=True):
            inputs = collate([example], world.pad)
            inputs.pop("labels")
            embedded = world.model.embed(
                inputs["input_ids"], inputs["segments"], torch.from_numpy(states.of(index))
            )
            with torch.no_grad():
                everything = torch.cat(
                    [embedded, world.model.llm.get_input_embeddings()(torch.tensor([ids]))], 1
                )
                logits = world.model.llm(inputs_embeds=everything).logits[0].log_softmax(-1)
            expected = sum(
                float(logits[len(example) - 1 + place, token]) for place, token in enumerate(ids)
            )
            assert value == pytest.approx(expected, abs=1e-3)


def test_retrieval_finds_the_sentence_whose_mean_state_is_nearest(world: World):
    items = [
        Problem(f"t{i}", q, str(i + 1), translation=QUESTIONS[(i * 3) % 20])
        for i, q in enumerate(QUESTIONS)
    ]
    rows = answer(world, kind="neighbour", items=items, retrieval_layer=1).to_pylist()
    assert [row["id"] for row in rows] == [
        f"t{i}-{way}" for way in ("to-english", "from-english") for i in range(20)
    ]
    states, examples = world.compose("encoder", texts(items))
    vectors = []
    for index, example in enumerate(examples):
        inputs = collate([example], world.pad)
        embedded = world.model.embed(
            inputs["input_ids"], inputs["segments"], torch.from_numpy(states.of(index))
        )
        with torch.no_grad():
            hidden = world.model.llm(
                inputs_embeds=embedded, output_hidden_states=True
            ).hidden_states[1][0]
        mean = hidden[torch.from_numpy(example.segments == 2)].mean(0)
        vectors.append((mean / mean.norm()).numpy())
    ours, theirs = np.array(vectors[:20]), np.array(vectors[20:])
    for index, row in enumerate(rows[:20]):
        best = int(np.argmax(ours[index] @ theirs.T))
        near = ours[index] @ theirs[int(row["output"]) - 1]
        assert near == pytest.approx(
            float(ours[index] @ theirs[best]), abs=1e-5
        )  # equal sentences tie
    identity = answer(
        world,
        kind="neighbour",
        items=[
            Problem(f"t{i}", q, str(i), translation=q)
            for i, q in enumerate(dict.fromkeys(QUESTIONS))
        ],
    )
    assert identity["output"].to_pylist() == identity["gold"].to_pylist()


def test_files_of_predictions_have_the_declared_columns(world: World, tmp_path: Path):
    write_parquet(tmp_path / "p.parquet", answer(world), PREDICTION_SCHEMA, {})
    assert pq.read_schema(tmp_path / "p.parquet").names == PREDICTION_SCHEMA.names


DAMAGE = {
    "bytes that are no text": b"\xed\xa0\xbd\n",
    "a text that is none": b'[[1,[2],"\xed\xa0\xbd"]]\n',
    "no JSON": b"[[1\n",
    "no list": b"3\n",
    "no answers": b"[[1,2]]\n",
    "deep": b"[" * 100_000 + b"\n",
    "cut off": b'[[1,[2],"length"]]',
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_what_is_whole_in_a_damaged_file_of_answers_is_kept(tmp_path, damage):
    store = Partial(tmp_path / "x.partial", "key")
    store.add([(0, [5, 6], "stop")])
    whole = (tmp_path / "x.partial").read_bytes()
    (tmp_path / "x.partial").write_bytes(whole + damage)
    again = Partial(tmp_path / "x.partial", "key")
    assert again.answers == [(0, [5, 6], "stop")]
    assert (tmp_path / "x.partial").read_bytes() == whole
    assert Partial(tmp_path / "x.partial", "another").answers == []
