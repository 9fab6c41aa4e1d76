"""Which device is chosen, and why."""

from __future__ import annotations

from typing import Any

import pytest
import torch

import neuplug
from neuplug.training import devices


@pytest.fixture(autouse=True)
def not_known_yet() -> Any:
    devices.faster_device.cache_clear()
    yield
    devices.faster_device.cache_clear()


def with_gpu(monkeypatch: pytest.MonkeyPatch, on_gpu: float, on_cpu: float, cores: int) -> None:
    """A machine with a GPU, as far as the choice sees it."""
    seconds = {"cuda": on_gpu, "cpu": on_cpu}
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "H0")
    monkeypatch.setattr(devices, "processes", lambda: cores)
    monkeypatch.setattr(devices, "step_seconds", lambda device: seconds[device.type])


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_it_is_the_processor() -> None:
    assert devices.pick_device("auto").type == "cpu"
    assert devices.faster_device() == ("cpu", "there is no GPU that torch can use")
    with pytest.raises(neuplug.InputError, match=r"no device 'cuda' .*There are: auto, cpu"):
        devices.pick_device("cuda")


@pytest.mark.parametrize(
    ("on_gpu", "cores", "chosen"), [(0.001, 2, "cuda"), (0.001, 16, "cpu"), (0.02, 2, "cpu")]
)
def test_the_faster_one_for_all_cores_together(
    monkeypatch: pytest.MonkeyPatch, on_gpu: float, cores: int, chosen: str
) -> None:
    with_gpu(monkeypatch, on_gpu, 0.008, cores)
    kind, why = devices.faster_device()
    assert kind == chosen
    assert why == (
        f"a small training step takes {on_gpu * 1e3:.1f} ms on the H0, and 8.0 ms on a processor "
        f"that does {cores} at the same time"
    )


def test_a_choice_stands_until_the_machine_changes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.setenv("NEUPLUG_CACHE", str(tmp_path))
    chosen = []
    for on_gpu, cores in ((0.001, 2), (0.1, 2), (0.1, 3)):
        with_gpu(monkeypatch, on_gpu, 0.008, cores)
        devices.faster_device.cache_clear()
        chosen.append(devices.faster_device()[0])
    assert chosen == ["cuda", "cuda", "cpu"]
    kept = list((tmp_path / "devices").iterdir())
    assert len(kept) == 2
    for file in kept:
        file.write_text("{")  # damaged: measured again
    devices.faster_device.cache_clear()
    assert devices.faster_device()[0] == "cpu"


def test_a_step_is_measured() -> None:
    assert 0 < devices.step_seconds(torch.device("cpu")) < 1
