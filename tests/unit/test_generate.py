"""Generation: the batched loop with shrinking batches gives the tokens that Transformers' own greedy search gives one by one."""

from pathlib import Path

import torch
from transformers import AutoTokenizer

from lingualift.evaluation.generate import generate
from lingualift.model.encoder import Encoder
from lingualift.model.layout import LAYOUTS, Prompt, compose, special_ids
from lingualift.model.modeling import LinguaLiftModel
from lingualift.training.batches import collate

PROMPT = Prompt("{question}\nAnswer:", "Solve. ")
QUESTIONS = [f"Maria has {number} apples" + " and pears" * (number % 5) + "." for number in range(2, 22)]


def test_batched_generation_equals_one_at_a_time_and_stops_where_it_should(llama: Path, causal_encoder: Path) -> None:
    encoder = Encoder(causal_encoder, 2, torch.float32)
    torch.manual_seed(5)
    model = LinguaLiftModel.build(str(llama), {"path": "e", "fingerprint": "f", "layer": 2}, encoder.dim, 2, "gelu", True).eval()
    tokenizer = AutoTokenizer.from_pretrained(llama)
    states = encoder.encode(QUESTIONS)
    examples = [compose(LAYOUTS["encoder"], tokenizer, PROMPT, "", int(count)) for count in states.counts()]
    _, eos, pad = special_ids(tokenizer)
    # A random model hardly ever ends by itself: let a token that it often produces be the end.
    free = model.generate(
        **{k: v for k, v in collate(examples[:1], pad, left=True).items() if k != "labels"},
        encoder_states=torch.from_numpy(states.of(0)), max_new_tokens=12, do_sample=False, eos_token_id=eos, pad_token_id=pad,
    )  # fmt: skip
    eos = int(free[0, 6])
    found = {index: (tokens, reason) for index, tokens, reason in generate(model, examples, states, eos, pad, 12, 8)}
    assert sorted(found) == list(range(len(QUESTIONS)))
    reasons = set()
    for index, example in enumerate(examples):
        inputs = collate([example], pad, left=True)
        inputs.pop("labels")
        expected = model.generate(
            **inputs,
            encoder_states=torch.from_numpy(states.of(index)),
            max_new_tokens=12,
            do_sample=False,
            eos_token_id=eos,
            pad_token_id=pad,
        )[0].tolist()
        ended = eos in expected
        assert found[index] == (expected[: expected.index(eos)] if ended else expected, "end" if ended else "length")
        reasons.add(found[index][1])
    assert "end" in reasons
