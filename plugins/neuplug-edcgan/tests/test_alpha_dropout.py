"""Alpha-dropout for ELU: what it promises about mean and variance, by sampling."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn

from neuplug_edcgan.alpha_dropout import ELUAlphaDropout, affine

N = 1_000_000
RATES = [0.05, 0.1, 0.25, 0.5, 0.8]


@pytest.fixture(autouse=True)
def own_state() -> None:
    torch.manual_seed(0)


def standardized(x: Tensor) -> Tensor:
    return (x - x.mean()) / x.std()


def inputs() -> dict[str, Tensor]:
    """Zero mean, unit variance, with and without symmetry: the promise asks no more than that."""
    normal = torch.randn(N)
    return {"normal": normal, "elu": nn.functional.elu(normal), "exponential": -torch.rand(N).log()}


@pytest.mark.parametrize("p", RATES)
@pytest.mark.parametrize("kind", ["normal", "elu", "exponential"])
def test_mean_and_variance_are_kept(p: float, kind: str) -> None:
    out = ELUAlphaDropout(p)(standardized(inputs()[kind]))
    # five standard errors of a mean, and of a variance with the fourth moment of the output
    fourth = float((out - out.mean()).pow(4).mean())
    assert abs(float(out.mean())) < 5 / math.sqrt(N)
    assert abs(float(out.var()) - 1) < 5 * math.sqrt((fourth - 1) / N)


@pytest.mark.parametrize("p", RATES)
def test_without_the_affine_map_they_are_not(p: float) -> None:
    """So that the test above can fail: equations 6 and 7 alone, by sampling."""
    layer = ELUAlphaDropout(p)
    raw = (layer(torch.randn(N)) - layer.b) / layer.a
    q, s = 1 - p, layer.value
    assert float(raw.mean()) == pytest.approx((1 - q) * s, abs=5e-3)
    assert float(raw.var()) == pytest.approx(q * ((1 - q) * s**2 + 1), abs=1e-2)
    assert abs(float(raw.mean())) > 0.02 and float(raw.var()) < 0.97


def test_other_inputs_leave_as_the_docstring_says() -> None:
    p, mu, nu = 0.3, 0.7, 0.25
    layer = ELUAlphaDropout(p)
    out = layer(mu + math.sqrt(nu) * torch.randn(N))
    q, a, s = 1 - p, layer.a, layer.value
    assert float(out.mean()) == pytest.approx(a * q * mu, abs=5e-3)
    assert float(out.var()) == pytest.approx(a**2 * q * ((1 - q) * (s - mu) ** 2 + nu), abs=5e-3)


@pytest.mark.parametrize("p", [0.0, 0.1, 0.5])
def test_dropped_and_kept_values(p: float) -> None:
    layer = ELUAlphaDropout(p)
    x = torch.randn(4, 3, 50, 50)
    before = x.clone()
    out = layer(x)
    assert torch.equal(x, before)
    dropped = torch.isclose(out, torch.tensor(layer.a * -0.5 + layer.b)) & (out != x)
    assert float(dropped.float().mean()) == pytest.approx(p, abs=0.02)
    assert torch.allclose(out[~dropped], layer.a * x[~dropped] + layer.b, atol=1e-6)


@pytest.mark.parametrize("p", [0.2, 0.5])
def test_with_selus_limit_it_is_torchs(p: float) -> None:
    ours, theirs = ELUAlphaDropout(p, alpha=1.7580993408473766, scale=1.0), nn.AlphaDropout(p)
    x = torch.full((1000,), 3.0)
    assert torch.allclose(ours(x).unique(), theirs(x).unique(), atol=1e-5)


def test_gradient_reaches_kept_units_alone() -> None:
    layer = ELUAlphaDropout(0.5)
    x = torch.randn(1000, requires_grad=True)
    out = layer(x)
    out.sum().backward()
    assert x.grad is not None
    kept = (out - (layer.a * x + layer.b)).abs() < 1e-6
    assert torch.equal(x.grad, torch.where(kept, layer.a, 0.0))
    assert 300 < int(kept.sum()) < 700


def test_eval_mode_is_the_identity() -> None:
    x = torch.randn(1000)
    assert torch.equal(ELUAlphaDropout(0.5).eval()(x), x)
    assert torch.equal(ELUAlphaDropout(0.0)(x), x)
    assert not torch.equal(ELUAlphaDropout(0.5)(x), x)


def test_rate_is_exact_in_bfloat16() -> None:
    p = 0.013  # uniform numbers of 8 bits would make 0.0117 or 0.0156 of it
    out = ELUAlphaDropout(p)(torch.ones(N, dtype=torch.bfloat16))
    assert out.dtype == torch.bfloat16
    assert float((out < 0).float().mean()) == pytest.approx(p, abs=6e-4)


def test_affine_solves_equation_8() -> None:
    for p in (0.0, 0.1, 0.9):
        for s in (-0.5, -1.0, -1.758):
            a, b = affine(p, s)
            q = 1 - p
            assert a * (1 - q) * s + b == pytest.approx(0, abs=1e-12)
            assert a**2 * q * ((1 - q) * s**2 + 1) == pytest.approx(1)


@pytest.mark.parametrize("p", [-0.1, 1.0])
def test_rates_out_of_range(p: float) -> None:
    with pytest.raises(ValueError, match="from 0 to below 1"):
        ELUAlphaDropout(p)
