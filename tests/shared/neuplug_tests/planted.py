"""Files that would run code when they are read as weights without care, or hold no weights."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import nn


class Script(nn.Module):
    """As TorchScript it writes to a file of its choice when it is loaded."""

    def __init__(self, mark: str) -> None:
        super().__init__()
        self.mark = mark
        self.written = torch.zeros(0)  # what is kept is not left out as without effect

    @torch.jit.export
    def __getstate__(self) -> tuple[str, bool]:
        return self.mark, self.training

    @torch.jit.export
    def __setstate__(self, state: tuple[str, bool]) -> None:
        self.mark = state[0]
        self.training = state[1]
        self.written = torch.from_file(self.mark, True, 4, dtype=torch.uint8).fill_(65)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x


class Pickled:
    """Makes a folder of its choice when it is unpickled."""

    def __init__(self, mark: str) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (self.mark,)


def script(file: Path, mark: Path) -> None:
    torch.jit.script(Script(str(mark))).save(str(file))


def pickled(file: Path, mark: Path) -> None:
    torch.save({"fc.weight": Pickled(str(mark))}, file)


def older_pickle(file: Path, mark: Path) -> None:
    tree = {"fc.weight": Pickled(str(mark))}
    torch.save(tree, file, _use_new_zipfile_serialization=False)


def whole_model(file: Path, mark: Path) -> None:
    torch.save(nn.Linear(2, 2), file)


def other_shapes(file: Path, mark: Path) -> None:
    save_file({"conv1.weight": torch.zeros(3), "fc.weight": torch.zeros(2, 2)}, file)


def other_tensors(file: Path, mark: Path) -> None:
    torch.save({"conv1.weight": torch.zeros(3), "fc.weight": torch.eye(2).to_sparse()}, file)


def cut(file: Path, mark: Path) -> None:
    torch.save({"fc.weight": torch.zeros(500)}, file)
    file.write_bytes(file.read_bytes()[:-400])


def text(file: Path, mark: Path) -> None:
    file.write_text("<html>404</html>")


def folder(file: Path, mark: Path) -> None:
    file.mkdir()


PLANTED = {
    "script.pt": script,
    "pickled.pth": pickled,
    "older.pth": older_pickle,
    "model.pth": whole_model,
    "shapes.safetensors": other_shapes,
    "tensors.pth": other_tensors,
    "cut.pth": cut,
    "cut.safetensors": cut,
    "text.pth": text,
    "folder.pth": folder,
}
