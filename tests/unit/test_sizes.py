"""What jobs ask for: near the default run's measured needs, growing with what decides it, never
less for more work.
"""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lingualift import sizes

SMOLLM, GEMMA, LLAMA = (
    sizes.ModelSize(135_000_000, 576),
    sizes.ModelSize(270_000_000, 640),
    sizes.ModelSize(6_740_000_000, 4096),
)


@pytest.mark.parametrize(
    ("asked", "megabytes", "minutes"),
    [
        (
            sizes.training(
                SMOLLM,
                examples=720,
                epochs=1,
                llm_trained=True,
                micro_batch=8,
                response=60,
            ),
            4700,
            200,
        ),
        (sizes.prediction(SMOLLM, 40, gpu=False, batch=80), 4000, 120),
        (sizes.encoding(1200, GEMMA, gpu=False), 2500, 60),
        (sizes.word_encoding(6000, GEMMA, 2, gpu=False), 2500, 60),
        (sizes.model_preparation(GEMMA.parameters, converted=True), 3100, 30),
        (sizes.vectors_training(100), 2000, 120),
        (sizes.lexicon(3000, 6000, 2660), 3200, 150),
        (sizes.tagging(1200), 2000, 60),
    ],
)
def test_two_jobs_of_the_default_run_fit_into_ten_gigabytes(
    asked: sizes.Request, megabytes: int, minutes: int
) -> None:
    assert asked.megabytes <= megabytes
    assert asked.minutes <= minutes


def test_full_fine_tuning_asks_for_sixteen_bytes_a_parameter_and_a_frozen_llm_for_four() -> None:
    trained, frozen = (
        sizes.training(LLAMA, examples=0, epochs=1, llm_trained=llm).megabytes
        for llm in (True, False)
    )
    assert 16 * LLAMA.parameters / 1e6 <= trained < 16 * LLAMA.parameters / 1e6 + 2000
    assert 4 * LLAMA.parameters / 1e6 <= frozen < 4 * LLAMA.parameters / 1e6 + 2000


def test_eight_gpus_need_an_eighth_of_the_time_beyond_the_start() -> None:
    one, eight = (
        sizes.training(LLAMA, examples=395_000, epochs=3, llm_trained=True, gpus=count).minutes
        for count in (1, 8)
    )
    assert (one - 90) / 8 == pytest.approx(eight - 90, abs=10)


def test_two_hundred_thousand_words_fit_the_memory_that_exact_retrieval_is_given() -> None:
    assert sizes.lexicon(200_000, 200_000, 300).megabytes < 6000


@given(st.integers(0, 10**7), st.integers(0, 10**7))
def test_more_work_never_asks_for_less(first: int, second: int) -> None:
    small, large = sorted((first, second))
    for ask in (
        sizes.retrieval,
        sizes.tagging,
        sizes.task_reading,
        sizes.code_switching,
        sizes.vocabulary,
        lambda count: sizes.encoding(count, GEMMA, gpu=False),
        lambda count: sizes.vectors_reading(count, 300),
        lambda count: sizes.lexicon(count, count, 300),
        lambda count: sizes.training(SMOLLM, examples=count, epochs=3, llm_trained=False),
        lambda count: sizes.prediction(sizes.ModelSize(count), 512, gpu=True),
        lambda count: sizes.prediction(SMOLLM, 40, gpu=False, batch=count),
        lambda count: sizes.training(
            SMOLLM, examples=9, epochs=1, llm_trained=True, micro_batch=count
        ),
    ):
        less, more = ask(small), ask(large)
        assert less.megabytes <= more.megabytes
        assert less.minutes <= more.minutes
        assert less.disk <= more.disk
        assert less.megabytes % 100 == 0
        assert less.minutes % 10 == 0


def test_a_gpu_never_takes_longer() -> None:
    for ask in (
        lambda gpu: sizes.encoding(10**6, LLAMA, gpu),
        lambda gpu: sizes.prediction(LLAMA, 512, gpu),
    ):
        assert ask(True).minutes < ask(False).minutes
        assert ask(True).megabytes == ask(False).megabytes
    times = [
        sizes.training(LLAMA, examples=10**6, epochs=1, llm_trained=True, gpus=count).minutes
        for count in (1, 2, 4, 8)
    ]
    assert all(more > less for more, less in pairwise(times))


def test_the_papers_adversary_takes_hours_on_a_processor_and_not_on_a_gpu():
    hours = sizes.adversary(5 * 31_250, 32, 2048, 300, gpu=False) / 60 / sizes.PATIENCE
    assert 5 < hours < 10  # 24 ms a step of the discriminator were measured on one thread
    on_gpu = sizes.adversary(5 * 31_250, 32, 2048, 300, gpu=True)
    assert (
        on_gpu < 60
        and sizes.lexicon(3000, 6000, 100, on_gpu).minutes > sizes.lexicon(3000, 6000, 100).minutes
    )
