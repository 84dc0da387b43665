"""What answers composed inputs greedily: this project's loop over Transformers (`generate`), or a
serving engine that is fed with prompt embeddings.

vLLM wants versions of torch and Transformers of its own, so it lives in an environment of its own
(`envs/vllm.yaml`) and is imported where `evaluation.engine` asks for it alone.
"""

import importlib
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import torch

from lingualift import machine
from lingualift.evaluation.generate import ComposedInputs, generate
from lingualift.evaluation.partial import GeneratedAnswer
from lingualift.model.modeling import LinguaLiftModel

SERVED_FOLDER = "served"  # the trained LLM as vLLM reads it, in the folder of a job
SERVED = 256  # inputs handed to a serving engine at once: what an interrupted job loses at most


class Engine(Protocol):
    """Greedy answers to composed inputs, a part at a time, without those that are `finished`."""

    def answer(
        self,
        inputs: ComposedInputs,
        ends: Sequence[int],
        max_new_tokens: int,
        finished: Collection[int] = (),
        progress: str | None = None,
    ) -> Iterator[list[GeneratedAnswer]]:
        """Yield answered inputs; `ends` are the tokens that end an answer."""


class TransformersEngine:
    """This project's own loop; `batch` as in `generate`."""

    def __init__(self, model: LinguaLiftModel, batch: int | None) -> None:
        self.model, self.batch = model, batch

    def answer(
        self,
        inputs: ComposedInputs,
        ends: Sequence[int],
        max_new_tokens: int,
        finished: Collection[int] = (),
        progress: str | None = None,
    ) -> Iterator[list[GeneratedAnswer]]:
        """See `generate`."""
        return generate(self.model, inputs, ends, max_new_tokens, self.batch, finished, progress)


class VllmEngine:
    """vLLM, which batches as answers come and go.

    `model` gives the embeddings of prompts and stays where it is (the processor); the GPU is
    vLLM's. It reads the LLM from the folder `llm`, or, where a stage has trained it, from a copy
    below `work`.
    """

    def __init__(self, model: LinguaLiftModel, llm: Path, work: Path) -> None:
        vllm = import_vllm()
        folder = llm
        if "llm" in model.config.trained:
            folder = work / SERVED_FOLDER
            model.llm.save_pretrained(folder)
        self.model, self.sampling = model, vllm.SamplingParams
        self.server = vllm.LLM(
            model=str(folder),
            tokenizer=str(llm),
            dtype=str(model.embedding_table().dtype).removeprefix("torch."),
            enable_prompt_embeds=True,
            seed=0,
        )

    def answer(
        self,
        inputs: ComposedInputs,
        ends: Sequence[int],
        max_new_tokens: int,
        finished: Collection[int] = (),
        progress: str | None = None,
    ) -> Iterator[list[GeneratedAnswer]]:
        """Hand `SERVED` inputs to the engine at once."""
        sampling = self.sampling(
            temperature=0.0, max_tokens=max_new_tokens, stop_token_ids=list(ends), detokenize=False
        )
        order = [index for index in inputs.longest_first() if index not in finished]
        for start in range(0, len(order), SERVED):
            chosen = order[start : start + SERVED]
            prompts = [{"prompt_embeds": self._embedded(inputs, index)} for index in chosen]
            results = self.server.generate(prompts, sampling, use_tqdm=False)
            yield [
                (index, *_before_end(list(result.outputs[0].token_ids), ends))
                for index, result in zip(chosen, results, strict=True)
            ]

    @torch.inference_mode()
    def _embedded(self, inputs: ComposedInputs, index: int) -> torch.Tensor:
        """Input embeddings [tokens, llm_dim] of one prompt."""
        batch = inputs.batch([index], self.model.device)
        states = batch.get("encoder_states")
        return self.model.embed(batch["input_ids"], batch["segments"], states)[0].cpu()


def _before_end(ids: list[int], ends: Sequence[int]) -> tuple[list[int], str]:
    """Tokens before the first that ends an answer, and the stop reason."""
    stop = next((position for position, token in enumerate(ids) if token in ends), None)
    return (ids, "length") if stop is None else (ids[:stop], "end")


def import_vllm() -> Any:
    """The package, where it is installed."""
    machine.require_engine("vllm")
    return importlib.import_module("vllm")
