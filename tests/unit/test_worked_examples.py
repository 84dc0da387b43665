"""Solved examples in front of a question, and an LLM as it is that translates."""

from pathlib import Path

import pyarrow as pa
import pytest
import torch

from lingualift.benchmarks.base import Problem
from lingualift.config import Evaluation
from lingualift.evaluation import predict as predicting
from lingualift.evaluation.predict import Asking, predict
from lingualift.evaluation.worked_examples import SEPARATOR, draw_worked_examples, with_examples
from lingualift.messages import LinguaLiftError
from lingualift.model.layout import Prompt
from lingualift.model.modeling import LinguaLiftModel
from lingualift.training.examples import read_examples
from lingualift.training.job import StageTexts
from lingualift.translate import by_llm
from lingualift.translate.engine import translated_parts

PROMPT = Prompt("{question}\nAnswer:", "Solve.")


def questions(count: int = 20, language: str = "en") -> pa.Table:
    rows = [
        {
            "id": str(number),
            "language": language,
            "question": f"How much is {number} and 1?",
            "response": f"{number}+1={number + 1}",
        }
        for number in range(count)
    ]
    return pa.Table.from_pylist(rows)


def test_examples_are_the_same_in_every_draw_and_each_is_drawn_once() -> None:
    drawn = draw_worked_examples(questions(), 8, "maths")
    assert drawn.equals(draw_worked_examples(questions(), 8, "maths"))
    assert len(set(drawn["id"].to_pylist())) == 8
    assert drawn["id"].to_pylist() != [str(number) for number in range(8)]


def test_only_english_questions_without_marks_of_prompts_are_drawn() -> None:
    odd = pa.Table.from_pylist(
        [
            {"id": "a", "language": "en", "question": "x\n\ny", "response": "1"},
            {"id": "b", "language": "en", "question": "{question}", "response": "1"},
            {"id": "c", "language": "en", "question": "x", "response": "\\boxed{1}"},
        ]
    )
    table = pa.concat_tables([odd, questions(8), questions(8, "sw")])
    drawn = draw_worked_examples(table, 8, "maths")
    assert set(drawn["language"].to_pylist()) == {"en"}
    assert not {"a", "b", "c"} & set(drawn["id"].to_pylist())
    with pytest.raises(
        LinguaLiftError, match="task 'maths': 8 questions can be worked examples, 9"
    ):
        draw_worked_examples(table, 9, "maths")


def test_a_prompt_with_examples_reads_as_solved_questions_and_then_the_question() -> None:
    prompt = with_examples(PROMPT, questions(2))
    assert prompt.text("How much is 5 and 5?") == (
        "How much is 0 and 1?\nAnswer: 0+1=1\n\n"
        "How much is 1 and 1?\nAnswer: 1+1=2\n\n"
        "How much is 5 and 5?\nAnswer:"
    )
    assert (
        with_examples(Prompt("{question}\n", ""), questions(1))
        .text("q")
        .startswith("How much is 0 and 1?\n0+1=1\n\n")
    )


def test_an_answer_ends_where_the_model_begins_another_example(
    llama: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = LinguaLiftModel.build(str(llama)).eval()
    tokenizer = predicting.load_tokenizer(llama)
    written = f"1+1=2{SEPARATOR}How much is 7 and 7?"
    ids = tokenizer(written, add_special_tokens=False)["input_ids"]
    monkeypatch.setattr(predicting, "_answer", lambda *_: {0: (ids, "length")})
    settings = Evaluation(max_new_tokens=9)

    def output(end: str) -> str:
        asking = Asking("en", "number", "text", PROMPT, settings, end)
        table = predict(model, llama, [Problem("p", "How much?", "2")], None, asking)
        text: str = table["output"].to_pylist()[0]
        return text

    assert "7" in output("") and "7" not in output(SEPARATOR)
    assert output("").startswith(output(SEPARATOR)) and output(SEPARATOR)


def test_an_llm_translates_each_sentence_as_far_as_the_line_ends(
    llama: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[int]] = []

    class Engine:
        def __init__(self, model: object, batch: int) -> None:
            assert batch == 3

        def answer(self, inputs, ends, longest, progress=None):  # type: ignore[no-untyped-def]
            tokenizer = by_llm.load_tokenizer(llama)
            asked.extend(composed.ids.tolist() for composed in inputs.composed)
            for index, text in enumerate(("One.\nMore", "", "Three.")):
                ids = tokenizer(text, add_special_tokens=False)["input_ids"]
                yield [(index, ids, "end")]

    monkeypatch.setattr(by_llm, "TransformersEngine", Engine)
    prompt = Prompt("{question}\nTranslate to English:", "")
    made = by_llm.translate(["Eins.", "Zwei.", "Drei."], llama, prompt, 3, torch.float32)
    assert made[1:] == ["Zwei.", "Three."]
    assert made[0].startswith("One") and "More" not in made[0]
    tokenizer = by_llm.load_tokenizer(llama)
    ids = tokenizer(prompt.text("Zwei."), add_special_tokens=False)["input_ids"]
    assert asked[1][-len(ids) :] == ids


def test_an_llm_translates_for_real_and_alike_every_time(llama: Path) -> None:
    prompt = Prompt("{question}\nTranslate to English:", "")
    sentences = ["Eins und zwei.", "Drei."]
    made = by_llm.translate(sentences, llama, prompt, 2, torch.float32)
    assert len(made) == 2 and all(made)
    assert made == by_llm.translate(sentences, llama, prompt, 1, torch.float32)


def test_the_words_of_a_form_stay_and_each_distinct_sentence_is_translated_once() -> None:
    seen: list[str] = []

    def shout(sentences):  # type: ignore[no-untyped-def]
        seen.extend(sentences)
        return [sentence.upper() for sentence in sentences]

    form = "Premise: ein satz\nHypothesis: ein satz\nLabel:"
    assert translated_parts([form], "de", shout) == [
        "Premise: EIN SATZ\nHypothesis: EIN SATZ\nLabel:"
    ]
    assert seen == ["ein satz"]


def test_every_line_of_a_corpus_is_the_response_to_nothing(tmp_path: Path) -> None:
    path = tmp_path / "sw.txt"
    path.write_text("Habari ya asubuhi.\n\nNzuri sana.\n", encoding="utf-8")
    examples = read_examples(StageTexts(path, None, None), {"sw": "Swahili"})
    assert examples.responses == ["Habari ya asubuhi.", "Nzuri sana."]
    assert set(examples.questions) == {""} and examples.languages == ["sw", "sw"]
    assert {prompt and prompt.text("") for prompt in examples.prompts} == {""}
