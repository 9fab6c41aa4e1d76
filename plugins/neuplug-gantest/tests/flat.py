"""What an evaluator found, as numbers under words."""

from __future__ import annotations

from neuplug import Evaluation


def numbers(found: Evaluation) -> dict[str, float]:
    """``kid``, ``kid patches``, ``kid low``, ``kid floor``, ``n`` and ``n: kid patches``."""
    flat: dict[str, float] = {}
    for m in found.metrics:
        of_class = f" {m.class_name}" if m.class_name else ""
        flat[f"{m.name}{of_class}"] = m.value
        ends = {"low": m.low, "high": m.high, "std": m.std}
        flat |= {f"{m.name}{of_class} {k}": v for k, v in ends.items() if v is not None}
        if m.reference is not None:
            flat[f"{m.name.removesuffix(' at n floor')}{of_class} floor"] = m.reference
        if m.n is not None:
            flat.setdefault(f"n{of_class}", m.n)
            flat[f"n: {m.name}{of_class}"] = m.n
    return flat
