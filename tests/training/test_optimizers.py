"""Optimisers find what PyTorch's find, and no training loads ``torch.compile``."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
import torch
from torch import nn

import neuplug

TRAINING = """
import sys, torch, neuplug
photos = torch.randint(0, 256, (8, 1, 32, 32), dtype=torch.uint8)
images = neuplug.training_set(photos, ["a", "b"] * 4)

class Network(torch.nn.Linear):
    def forward(self, images): return super().forward(images.flatten(1))

class Linear(neuplug.Classifier):
    def build(self, num_classes, in_chans, image_size): return Network(1024, num_classes)

context = neuplug.FitContext(torch.device("cpu"), 0)
for optimizer in ("adam", "sgd"):
    options = neuplug.TrainingOptions(steps=2, optimizer=optimizer)
    neuplug.fit_classifier(Linear(), images, options, context)
print("torch._dynamo" in sys.modules)
"""


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        (torch.optim.Adam, {"fused": True}),
        (torch.optim.AdamW, {"fused": False, "weight_decay": 0.1}),
        (torch.optim.SGD, {"fused": True, "momentum": 0.9}),
    ],
)
def test_an_eager_optimizer_finds_the_same(kind: Any, options: dict[str, Any]) -> None:
    found = []
    for each in (kind, neuplug.eager(kind)):
        network = nn.Linear(4, 3, bias=False)
        nn.init.constant_(network.weight, 0.5)
        optimizer = each(network.parameters(), lr=0.1, **options)
        for step in range(5):
            if step == 3:  # goes on from what was stored
                state = optimizer.state_dict()
                optimizer = each(network.parameters(), lr=0.1, **options)
                optimizer.load_state_dict(state)
            optimizer.zero_grad()
            network(torch.arange(8.0).view(2, 4)).square().sum().backward()
            optimizer.step()
        found.append(network.weight.detach())
    assert torch.equal(*found)
    assert not torch.equal(found[0], torch.full((3, 4), 0.5))


def test_no_training_loads_the_compiler() -> None:
    command = [sys.executable, "-c", TRAINING]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "False\n"
