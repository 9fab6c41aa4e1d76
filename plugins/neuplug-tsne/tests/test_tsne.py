"""The component ``tsne``: maps that are drawn, and a number that tells apart what is apart."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

import neuplug
from neuplug import (
    ClassGenerator,
    Embedder,
    Evaluation,
    EvaluationContext,
    FitContext,
    FitRecord,
    Generator,
    HeldOutSet,
    InputError,
    TrainingSet,
)

ACCURACY = "1-NN accuracy on pixels"
BLUE, ORANGE = (73, 125, 178), (225, 129, 85)
"""What the marks of real and generated images look like: not quite opaque, on white."""


class Painter(Generator):
    """Draws what a function of (n, random numbers) paints."""

    def __init__(self, paint: Callable[[int, torch.Generator], Tensor]) -> None:
        super().__init__()
        self.paint = paint

    def fit(self, train: TrainingSet, context: FitContext) -> FitRecord:
        return FitRecord()

    def sample(self, labels: Tensor, seed: int) -> Tensor:
        return self.paint(len(labels), torch.Generator().manual_seed(seed))

    def state_dict(self) -> dict[str, Any]:
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        return None


def blobs(n: int, rng: torch.Generator, grey: int = 100, size: int = 16) -> Tensor:
    """A plane of grey with noise, tilted at random."""
    tilt = torch.randn(n, 1, 1, 1, generator=rng) * torch.linspace(-20, 20, size)
    noise = torch.randn(n, 1, size, size, generator=rng) * 5
    return (grey + tilt + noise).round().clamp(0, 255).to(torch.uint8)


def darker(n: int, rng: torch.Generator) -> Tensor:
    return blobs(n, rng, grey=20)


def real_set(counts: Mapping[str, int], paint: Any = blobs) -> TrainingSet:
    rng = torch.Generator().manual_seed(99)
    labels = torch.tensor([i for i, n in enumerate(counts.values()) for _ in range(n)])
    return TrainingSet(
        paint(len(labels), rng), labels, tuple(counts), tuple(map(str, range(len(labels))))
    )


def evaluate(
    folder: Path,
    counts: Mapping[str, int],
    paint: Mapping[str, Any],
    real: Any = blobs,
    seed: int = 5,
    embedder: Embedder | None = None,
    **options: Any,
) -> Evaluation:
    folder.mkdir(exist_ok=True)
    train = real_set(counts, real)
    context = EvaluationContext(
        train=train,
        test=HeldOutSet(train.images[:0], train.labels[:0], train.classes, ()),
        generated=None,
        logits=None,
        device=torch.device("cpu"),
        seed=seed,
        folder=folder,
        generators={name: (ClassGenerator(Painter(p), 0),) for name, p in paint.items()},
        embedder=embedder,
    )
    return neuplug.load("tsne", **{"many": 0, **options}).evaluate(context)


def size(file: Path) -> tuple[int, int]:
    """(width, height) of a figure in pixels."""
    with Image.open(file) as image:
        return image.size


def ink(file: Path, colour: tuple[int, int, int]) -> int:
    """How many pixels of the figure have about the colour."""
    with Image.open(file) as image:
        pixels = np.asarray(image.convert("RGB")).astype(int)
    return int((np.abs(pixels - colour).sum(-1) < 30).sum())


def test_alike_is_a_half_and_apart_is_one(tmp_path: Path) -> None:
    counts = {"same": 50, "other": 50}
    found = evaluate(tmp_path, counts, {"same": blobs, "other": darker})
    assert found.metric(ACCURACY, "other").value == 1.0
    assert 0.35 < found.metric(ACCURACY, "same").value < 0.65
    assert found.metric(ACCURACY).value == pytest.approx(
        (1 + found.metric(ACCURACY, "same").value) / 2
    )
    assert found.metric(ACCURACY).n == 100


def test_a_collapsed_generator_shows_in_the_halves(tmp_path: Path) -> None:
    """One image between the real ones: each is nearer to it than to another real one."""

    def noise(n: int, rng: torch.Generator) -> Tensor:
        return torch.randint(0, 201, (n, 1, 8, 8), generator=rng, dtype=torch.uint8)

    def one_image(n: int, rng: torch.Generator) -> Tensor:
        return torch.full((n, 1, 8, 8), 100, dtype=torch.uint8)

    found = evaluate(tmp_path, {"a": 30}, {"a": one_image}, noise)
    assert found.metric(f"{ACCURACY}, generated").value == 1.0
    assert found.metric(f"{ACCURACY}, real").value < 0.1


def test_copies_of_the_real_images_show(tmp_path: Path) -> None:
    def copies(n: int, rng: torch.Generator) -> Tensor:
        return real_set({"a": 30}).images[:n]

    assert evaluate(tmp_path, {"a": 30}, {"a": copies}).metric(ACCURACY).value == 0.0


@pytest.mark.filterwarnings("error")
def test_figures_show_both_kinds_and_nothing_else_is_written(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "figures"
    before = set(Path.cwd().iterdir())
    names = {"a/b $x^2$ 划痕": blobs, "..": darker, "rust": blobs}
    found = evaluate(folder, dict.fromkeys(names, 12), names, many=40)
    assert set(found.figures) == set(folder.iterdir())
    assert [file.name for file in found.figures] == [
        f"{stem}.{form}" for stem in ("0-a-b-x-2", "1", "2-rust", "all-classes")
        for form in ("png", "svg")
    ]  # fmt: skip
    assert set(tmp_path.iterdir()) == {folder} and set(Path.cwd().iterdir()) == before
    assert "划痕" in (folder / "0-a-b-x-2.svg").read_text("utf-8")
    for file in found.figures[::2]:
        assert size(file)[0] == 840
        assert ink(file, BLUE) > 200 and ink(file, ORANGE) > 200
    output = capfd.readouterr()
    assert output.out == "" and output.err == ""


def test_the_second_map_is_there_when_it_has_more(tmp_path: Path) -> None:
    def height(many: int) -> int:
        found = evaluate(tmp_path / str(many), {"a": 12}, {"a": blobs}, many=many)
        return size(found.figures[0])[1]

    # two panels share the width, so they are half as high
    assert height(13) < height(12) == height(0)


def test_the_seed_decides_everything(tmp_path: Path) -> None:
    def run(name: str, seed: int) -> tuple[dict[str, float], list[bytes]]:
        np.random.seed(len(name))
        torch.manual_seed(len(name))
        found = evaluate(tmp_path / name, {"a": 8, "b": 12}, both, seed=seed, many=11, most=10)
        return found.metrics, [file.read_bytes() for file in found.figures]

    both = {"a": blobs, "b": blobs}
    first = run("first", 1)
    assert first == run("the second", 1)
    assert first[1] != run("third", 2)[1]


@pytest.mark.parametrize("n", [3, 4, 5])
def test_few_images(tmp_path: Path, n: int) -> None:
    found = evaluate(tmp_path, {"a": n}, {"a": darker}, perplexity=50)
    assert found.metric(ACCURACY).value == 1.0
    assert ink(found.figures[0], BLUE) > 200  # not lost among not-a-numbers


@pytest.mark.filterwarnings("error")
def test_identical_images(tmp_path: Path) -> None:
    def grey(n: int, rng: torch.Generator) -> Tensor:
        return torch.full((n, 1, 16, 16), 70, dtype=torch.uint8)

    found = evaluate(tmp_path, {"a": 12, "b": 12}, {"a": grey, "b": grey}, grey, many=20)
    assert 0.25 <= found.metric(ACCURACY).value <= 0.75  # nothing tells them apart
    assert len(found.figures) == 2 * 3


def test_classes_that_cannot_be_shown_are_named(tmp_path: Path) -> None:
    found = evaluate(tmp_path, {"a": 10, "two": 2, "bare": 10}, {"a": blobs, "two": blobs})
    assert found.warnings == (
        "tsne left out two: 2 real training images are too few, it needs 3.",
        "tsne left out bare: nothing generates it.",
    )
    assert len(found.figures) == 2 and found.metric(ACCURACY).n == 10
    nothing = evaluate(tmp_path / "none", {"a": 10}, {})
    assert not nothing.metrics and nothing.figures == ()


def test_embedder_instead_of_pixels(tmp_path: Path) -> None:
    """An embedding that sees the tilt alone does not see that the other images are darker."""

    def tilt(images: Tensor) -> Tensor:
        columns = images.float().mean((1, 2))
        return (columns[:, 8:].mean(1) - columns[:, :8].mean(1))[:, None]

    embedder = Embedder("tiltnet", tilt)
    found = evaluate(
        tmp_path, {"a": 40}, {"a": darker}, embedder=embedder, features="embedder", many=50
    )
    assert 0.3 < found.metrics[0].value < 0.7
    assert found.metrics[0].name == "1-NN accuracy on embeddings of tiltnet"
    assert neuplug.load("tsne", features="embedder").needs == {"generators", "embedder"}
    assert neuplug.load("tsne").needs == {"generators"}


def test_large_colour_images_and_most(tmp_path: Path) -> None:
    def large(n: int, rng: torch.Generator) -> Tensor:
        return blobs(n, rng, size=150).repeat(1, 3, 1, 1)[:, :, :90]

    found = evaluate(tmp_path, {"a": 14}, {"a": large}, large, most=9)
    assert found.metric(ACCURACY).n == 9
    assert len(found.figures) == 2


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"features": "pixel"}, r"tsne\.features = 'pixel'"),
        ({"perplexity": 0.5}, r"tsne\.perplexity = 0\.5"),
        ({"many": -1}, r"tsne\.many = -1"),
        ({"perplexty": 5}, r"no option 'perplexty'\. Did you mean perplexity\?"),
    ],
)
def test_bad_options(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        neuplug.load("tsne", **options)
