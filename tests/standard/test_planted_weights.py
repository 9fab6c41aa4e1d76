"""Weights files and folders that would run code, or hold no weights, through the command.

Every component that reads weights is here, so that a new reader of files has to be, too.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from neuplug_tests.planted import PLANTED, pickled, script
from PIL import Image

import neuplug
from neuplug.cli import main
from neuplug_testing.doctor.weights import weight_options

FID = ["--clf", "smallcnn", "--eval", "fid", "--aug", "oversample", "--set"]
PLACES = {
    **{name: ["--aug", "flip", "--clf", name] for name in ("resnet18", "mobilenetv2", "vgg11")},
    **{name: [*FID, f"fid.extractor={name}"] for name in ("inception-v3-compat", "vgg16")},
    "clip-rn50": [*FID, "fid.extractor=clip-rn50"],
}
OPTION = {
    name: "fid.weights" if "fid" in asked else f"{name}.weights" for name, asked in PLACES.items()
}


@pytest.fixture
def refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., str]:
    """Ask ``compose`` for a plan and for a run: neither goes on. Returns what the run said."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    photos = tmp_path / "PHOTOS"
    for number in range(16):
        file = photos / ("rust", "dent")[number % 2] / f"{number}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.effect_noise((32, 32), 50 + number).save(file)
    common = [
        "compose",
        "--data",
        str(photos),
        "--imgsz",
        "32",
        "--project",
        str(tmp_path / "runs"),
        "--aug",
        "dcgan",
    ]

    def ask(*arguments: str) -> str:
        for last in ([], ["--dry-run"]):
            code = main([*common, *arguments, *last])
            said = capsys.readouterr().err
            assert code == 2, said
            assert len(said.splitlines()) == 1 and said.startswith("neuplug: error: "), said
            assert "weights_only" not in said
        assert not (tmp_path / "runs").exists()
        return said

    return ask


@pytest.mark.parametrize(
    "place",
    [
        pytest.param(name, marks=pytest.mark.slow if name in ("vgg16", "vgg11") else ())
        for name in PLACES
    ],
)
def test_what_is_in_a_planted_file_never_runs(
    place: str, refused: Callable[..., str], tmp_path: Path
) -> None:
    mark = tmp_path / "mark"
    for name, plant in PLANTED.items():
        plant(tmp_path / name, mark)
        said = refused(*PLACES[place], "--set", f"{OPTION[place]}={tmp_path / name}")
        assert str(tmp_path / name) in said
        assert not mark.exists()


@pytest.mark.parametrize(
    ("place", "file"),
    [
        ("resnet18", "resnet18-f37072fd.pth"),
        ("vgg11", "vgg11_bn-6002323d.pth"),
        ("inception-v3-compat", "weights-inception-2015-12-05-6726825d.pth"),
        (
            "clip-rn50",
            "clip-rn50-afeb0e10f9e5a86da6080e35cf09123aca3b358a0c3e3b6c78a7b63bc04b6762.pt",
        ),
    ],
)
@pytest.mark.parametrize("plant", [script, pickled])
def test_a_published_name_is_not_trusted(
    place: str,
    file: str,
    plant: Callable[[Path, Path], None],
    refused: Callable[..., str],
    tmp_path: Path,
) -> None:
    hub, mark = tmp_path / "torch" / "hub" / "checkpoints", tmp_path / "mark"
    hub.mkdir(parents=True)
    plant(hub / file, mark)
    imagenet = [] if OPTION[place] == "fid.weights" else ["--set", f"{place}.weights=imagenet"]
    said = refused(*PLACES[place], *imagenet)
    assert f"{file} is damaged: its SHA-256" in said
    assert not mark.exists()


@pytest.mark.parametrize("branch", ["main", "master"])
def test_a_hubconf_never_runs(branch: str, refused: Callable[..., str], tmp_path: Path) -> None:
    mark, code = tmp_path / "mark", tmp_path / "torch" / "hub" / f"facebookresearch_dinov2_{branch}"
    code.mkdir(parents=True)
    (code / "hubconf.py").write_text(f"import os\nos.mkdir({str(mark)!r})\n")
    for more in ([], ["--set", f"fid.weights={code / 'hubconf.py'}"]):
        said = refused(*FID, "fid.extractor=dinov2-vit-s-14", *more)
        assert "there is no such extractor" in said
    assert not mark.exists()


def test_every_option_that_takes_a_file_is_here() -> None:
    found = {o["option"] for p in neuplug.discover().components for o in weight_options(p)}
    families = {"resnet34.weights", "resnet50.weights", "vgg16.weights"}  # of one class each
    assert found - families == set(OPTION.values())
