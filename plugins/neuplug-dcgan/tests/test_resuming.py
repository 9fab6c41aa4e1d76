"""A training that was interrupted goes on exactly, with convolutions and their moments."""

from __future__ import annotations

from typing import Any

import pytest
import torch

import neuplug_gan.trainer as trainer_module
from neuplug import Checkpoint, FitContext, TrainingSet
from neuplug.storage.tensorfile import tree_bytes, tree_from
from neuplug_dcgan.generator import DCGAN, DCGANOptions


class Stopped(Exception):
    pass


class Memory(Checkpoint):
    kept: bytes | None = None

    def save(self, tree: Any) -> None:
        self.kept = tree_bytes(tree)

    def load(self) -> Any:
        return None if self.kept is None else tree_from(self.kept)


@pytest.mark.parametrize("loss", ["hinge", "bce"])
def test_an_interrupted_training_goes_on_exactly(
    loss: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trainer_module, "CHECKPOINT_SECONDS", 0.0)
    rng = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (20, 1, 32, 32), generator=rng, dtype=torch.uint8)
    train = TrainingSet(
        images, torch.zeros(20, dtype=torch.int64), ("dent",), tuple(map(str, range(20)))
    )
    wanted = DCGANOptions(steps=60, batch=4, ngf=8, ndf=8, loss=loss, precision="fp32")
    cpu = torch.device("cpu")

    def stop(done: int, total: int, note: str = "") -> None:
        if done >= 30:
            raise Stopped

    memory = Memory()
    with pytest.raises(Stopped):
        DCGAN(wanted).fit(train, FitContext(cpu, 1, "dcgan", stop, memory))
    assert memory.kept is not None
    resumed, whole = DCGAN(wanted), DCGAN(wanted)
    resumed.fit(train, FitContext(cpu, 1, "dcgan", checkpoint=memory))
    whole.fit(train, FitContext(cpu, 1, "dcgan"))
    ours, theirs = (gan.state_dict()["kept"][-1]["network"] for gan in (resumed, whole))
    assert [name for name in theirs if not torch.equal(ours[name], theirs[name])] == []
