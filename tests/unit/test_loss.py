"""The chunked loss: value and gradients of plain cross-entropy, without its table of logits."""

import pytest
import torch

from lingualift.model import loss
from lingualift.model.loss import response_loss


@pytest.mark.parametrize("cap", [None, 3.0])
@pytest.mark.parametrize("biased", [False, True])
@pytest.mark.parametrize("trained", [(True, True), (True, False), (False, True)])
def test_value_and_gradients_equal_plain_cross_entropy(
    cap: float | None, biased: bool, trained: tuple[bool, bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loss, "CHUNK_BYTES", 4 * 50 * 7)  # seven labels at a time
    torch.manual_seed(0)
    start = [
        torch.randn(23, 8, dtype=torch.float64),
        torch.randn(50, 8, dtype=torch.float64),
        torch.randn(50, dtype=torch.float64),
    ]
    targets = torch.randint(50, (23,))
    results = []
    for chunked in (False, True):
        hidden, weight, bias = (
            tensor.clone().requires_grad_(needed)
            for tensor, needed in zip(start, (*trained, trained[1]), strict=True)
        )
        if chunked:
            total = response_loss(hidden, weight, bias if biased else None, targets, cap)
        else:
            logits = hidden @ weight.T + (bias if biased else 0)
            total = torch.nn.functional.cross_entropy(
                logits if cap is None else cap * torch.tanh(logits / cap), targets, reduction="sum"
            )
        (total / 7).backward()
        results.append(
            [total.detach().double(), hidden.grad, weight.grad, bias.grad if biased else None]
        )
    for expected, found in zip(*results, strict=True):
        if expected is None:
            assert found is None
        else:
            torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-6)


def test_a_batch_without_labels_has_no_loss_and_no_gradient() -> None:
    hidden, weight = torch.randn(0, 8, requires_grad=True), torch.randn(50, 8, requires_grad=True)
    total = response_loss(hidden, weight, None, torch.zeros(0, dtype=torch.long))
    total.backward()
    assert total.item() == 0
    assert weight.grad is not None
    assert not weight.grad.any()


def test_autocast_computes_products_in_bfloat16_and_leaves_gradients_in_float32() -> None:
    torch.manual_seed(0)
    hidden, weight, targets = (
        torch.randn(9, 16),
        torch.randn(40, 16, requires_grad=True),
        torch.randint(40, (9,)),
    )
    with torch.autocast("cpu", torch.bfloat16):
        total = response_loss(hidden, weight, None, targets)
    total.backward()
    expected = torch.nn.functional.cross_entropy(hidden @ weight.T, targets, reduction="sum")
    torch.testing.assert_close(total, expected, rtol=1e-2, atol=1e-2)
    assert weight.grad is not None
    assert weight.grad.dtype == torch.float32


def test_a_bfloat16_matrix_gets_a_gradient_that_was_summed_in_float32(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In chunks of four labels: summed in bfloat16, small terms of 500 chunks are lost."""
    monkeypatch.setattr("lingualift.model.loss.CHUNK_BYTES", 4 * 40 * 4)
    generator = torch.Generator().manual_seed(3)
    hidden = torch.randn(2000, 24, generator=generator).bfloat16()
    weight = torch.randn(40, 24, generator=generator).bfloat16().requires_grad_()
    targets = torch.randint(40, (2000,), generator=generator)
    response_loss(hidden, weight, None, targets).backward()
    exact = weight.detach().double().requires_grad_()
    torch.nn.functional.cross_entropy(
        hidden.double() @ exact.T, targets, reduction="sum"
    ).backward()
    assert weight.grad is not None and exact.grad is not None
    error = (weight.grad.double() - exact.grad).norm() / exact.grad.norm()
    assert error < 0.003
