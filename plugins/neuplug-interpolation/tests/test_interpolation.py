"""The component ``interpolation``: paths that stay where they should, latents that are found."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

import neuplug
from neuplug import (
    ClassGenerator,
    Evaluation,
    EvaluationContext,
    FitContext,
    FitRecord,
    Generator,
    HeldOutSet,
    InputError,
    LatentGenerator,
    TrainingSet,
)
from neuplug_interpolation.latents import find_latents, slerp

CPU = torch.device("cpu")
SIZE = (16, 12)
PIXELS = SIZE[0] * SIZE[1]
TRAIN, TEST = "reconstruction RMSE, training images", "reconstruction RMSE, test images"
STEP = "largest to mean step"


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Networks this small only lose by more."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


class Linear(LatentGenerator):
    """Grey plus a weighted sum of fixed pictures: what it can draw, and how near, is known."""

    def __init__(self, latent_dim: int = 6, channels: int = 1) -> None:
        super().__init__()
        self.channels = channels
        shape = (latent_dim, channels * PIXELS)
        self.pictures = nn.Parameter(8 * torch.randn(shape, generator=rng(1)))

    @property
    def latent_dim(self) -> int:
        return len(self.pictures)

    def decode(self, latents: Tensor, labels: Tensor) -> Tensor:
        assert labels.shape == (len(latents),) and labels.dtype == torch.int64
        return 128 + (latents @ self.pictures).view(-1, self.channels, *SIZE)

    @torch.no_grad()
    def sample(self, labels: Tensor, seed: int) -> Tensor:
        latents = torch.randn(len(labels), self.latent_dim, generator=rng(seed))
        return self.decode(latents, labels).round().clamp(0, 255).to(torch.uint8)

    def fit(self, train: TrainingSet, context: FitContext) -> FitRecord:
        return FitRecord()

    def state_dict(self) -> dict[str, Any]:
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        return None


class Jumping(Linear):
    """Two pictures and a cliff between them."""

    def decode(self, latents: Tensor, labels: Tensor) -> Tensor:
        return super().decode(latents.sign() + 0.01 * latents, labels)


class Collapsed(Linear):
    def decode(self, latents: Tensor, labels: Tensor) -> Tensor:
        return super().decode(0 * latents, labels)


class Dice(Generator):
    """Draws from no latent space."""

    fit, state_dict, load_state_dict = Linear.fit, Linear.state_dict, Linear.load_state_dict

    def sample(self, labels: Tensor, seed: int) -> Tensor:
        return noise(len(labels), seed)


def noise(n: int, seed: int = 7, channels: int = 1) -> Tensor:
    return torch.randint(0, 256, (n, channels, *SIZE), generator=rng(seed), dtype=torch.uint8)


def sets(train: Mapping[str, Tensor], test: Mapping[str, Tensor]) -> tuple[TrainingSet, HeldOutSet]:
    def fields(images: Mapping[str, Tensor]) -> Any:
        everything = torch.cat([images[name] for name in train if name in images])
        labels = [i for i, name in enumerate(train) for _ in images.get(name, ())]
        ids = tuple(map(str, range(len(labels))))
        return everything, torch.tensor(labels, dtype=torch.int64), tuple(train), ids

    return TrainingSet(*fields(train)), HeldOutSet(
        *fields(test or {n: train[n][:0] for n in train})
    )


def evaluate(
    folder: Path,
    generators: Mapping[str, Generator],
    train: Mapping[str, Tensor],
    test: Mapping[str, Tensor] | None = None,
    seed: int = 5,
    **options: Any,
) -> Evaluation:
    folder.mkdir(exist_ok=True)
    real, held_out = sets(train, test or {})
    sources = {name: (ClassGenerator(g, 0),) for name, g in generators.items()}
    context = EvaluationContext(real, held_out, None, None, CPU, seed, folder, sources)
    return neuplug.load("interpolation", **options).evaluate(context)


def grey(file: Path) -> Any:
    """A figure's grey levels, int (height, width)."""
    with Image.open(file) as image:
        return np.asarray(image.convert("L")).astype(int)


def drawable(generator: Generator, n: int, seed: int = 3) -> Tensor:
    return generator.sample(torch.zeros(n, dtype=torch.int64), seed)


@pytest.mark.parametrize("latent_dim", [2, 6, 40])
def test_what_can_be_drawn_is_found(tmp_path: Path, latent_dim: int) -> None:
    generator = Linear(latent_dim)
    generator.pictures.data /= math.sqrt(latent_dim / 6)  # within 0-255 whatever the dimension
    images = drawable(generator, 8)
    found = evaluate(tmp_path, {"a": generator}, {"a": images[:4]}, {"a": images[4:]})
    assert found.metric(TRAIN).value < 1 and found.metric(TEST).value < 1  # rounding alone is 0.3
    assert found.metric(TRAIN).n == 4
    assert generator.pictures.grad is None  # and nothing was done to the generator


def test_what_cannot_be_drawn_is_approached(tmp_path: Path) -> None:
    """Least squares say how near one can come."""
    generator, images = Linear(), noise(4)
    found = evaluate(tmp_path, {"a": generator}, {"a": images}, {"a": drawable(generator, 4)})
    wanted = images.flatten(1).double().numpy() - 128
    pictures = generator.pictures.detach().double().numpy()
    residual = wanted.T - pictures.T @ np.linalg.lstsq(pictures.T, wanted.T, rcond=None)[0]
    optimum = np.sqrt((residual**2).mean(0)).mean()
    assert optimum <= found.metric(TRAIN).value < 1.02 * optimum
    assert found.metric(TEST).value < 1  # training and test images are not mixed up


def test_latents_stay_where_a_normal_vector_lies() -> None:
    """A picture ten times as strong as any that is sampled would take latents far outside."""
    generator = Linear(32)

    def decode(latents: Tensor) -> Tensor:
        return generator.decode(latents, torch.zeros(len(latents), dtype=torch.int64)) / 100 + 126

    candidates = torch.randn(64, 32, generator=rng())
    found = find_latents(decode, noise(5), candidates, steps=100, restarts=2)
    assert found.latents.shape == (5, 32) and not found.latents.requires_grad
    lengths = found.latents.norm(dim=1)
    assert (lengths <= math.sqrt(32) + 3 * math.sqrt(0.5) + 1e-4).all()
    assert (lengths > math.sqrt(32)).all()  # they do go as far as they may


def test_more_restarts_are_no_worse() -> None:
    generator = Jumping()

    def decode(latents: Tensor) -> Tensor:
        return generator.decode(latents, torch.zeros(len(latents), dtype=torch.int64))

    candidates = torch.randn(32, 6, generator=rng())
    one, many = (
        find_latents(decode, noise(6), candidates, steps=20, restarts=r).errors for r in (1, 8)
    )
    assert (many <= one + 1e-4).all() and (many < one - 1e-3).any()


def test_slerp_follows_the_arc() -> None:
    start, end = torch.randn(2, 50, generator=rng())
    path = slerp(start, end * start.norm() / end.norm(), 9)
    assert torch.allclose(path[0], start, atol=1e-5)
    assert torch.allclose(path[-1], end * start.norm() / end.norm(), atol=1e-5)
    assert torch.allclose(path.norm(dim=1), start.norm(), atol=1e-4)
    steps = path.diff(dim=0).norm(dim=1)
    assert torch.allclose(steps, steps.mean(), atol=1e-4)
    assert torch.allclose(slerp(start, 2 * start, 3)[1], 1.5 * start)  # no angle, no arc


def test_a_cliff_shows_in_the_steps(tmp_path: Path) -> None:
    train = {"even": drawable(Linear(), 2), "cliff": drawable(Linear(), 2)}
    generators = {"even": Linear(), "cliff": Jumping(1)}
    found = evaluate(tmp_path, generators, train, rows=8, optimisation_steps=2)
    assert 1 <= found.metric(STEP, "even").value < 1.3
    # one latent number, 7 steps: those walks that change its sign do it in one
    assert found.metric(STEP, "cliff").value > 2


@pytest.mark.filterwarnings("error")
def test_figures_hold_what_they_say(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "figures"
    names = ("a/b $x^2$ 划痕", "..")
    train = {name: drawable(Linear(), 2, seed=i) for i, name in enumerate(names)}
    before = set(Path.cwd().iterdir())
    found = evaluate(folder, dict.fromkeys(names, Linear()), train, optimisation_steps=5)
    assert [file.name for file in found.figures] == [
        "0-a-b-x-2-walk.png", "0-a-b-x-2-between.png", "1-walk.png", "1-between.png",
    ]  # fmt: skip
    assert set(found.figures) == set(folder.iterdir())
    assert set(tmp_path.iterdir()) == {folder} and set(Path.cwd().iterdir()) == before
    for file in found.figures:
        assert grey(file).shape[1] == 840
    output = capfd.readouterr()
    assert output.out == "" and output.err == ""


def test_the_real_images_are_the_ends_of_the_cross_fading(tmp_path: Path) -> None:
    bright, dark = (torch.full((1, 1, *SIZE), level, dtype=torch.uint8) for level in (230, 20))
    found = evaluate(
        tmp_path, {"a": Linear()}, {"a": torch.cat([bright, dark])}, optimisation_steps=5
    )
    page = grey(found.figures[1])
    row = page[page.shape[0] - 70]  # through the last row of images
    ends = sorted([int(np.median(row[30:90])), int(np.median(row[-90:-30]))])
    assert ends == [20, 230]
    assert {50, 80, 110, 140, 170, 200} <= set(row.tolist())  # evenly between them


def test_the_seed_decides_everything(tmp_path: Path) -> None:
    def run(name: str, seed: int) -> tuple[dict[str, float], list[bytes]]:
        torch.manual_seed(len(name))
        found = evaluate(
            tmp_path / name, {"a": Linear()}, {"a": noise(9)}, seed=seed, optimisation_steps=20
        )
        return found.metrics, [file.read_bytes() for file in found.figures]

    first = run("first", 1)
    assert first == run("the second", 1)
    assert first[1] != run("third", 2)[1]


def test_other_generators_are_left_out_with_a_sentence(tmp_path: Path) -> None:
    generators = {"a": Dice(), "b": Linear(), "c": Dice()}
    train = {name: noise(3) for name in (*generators, "bare")}
    found = evaluate(tmp_path, generators, train, optimisation_steps=2)
    assert found.warnings == (
        "interpolation left out bare: nothing generates it.",
        "interpolation left out a, c: Dice draws from no latent space.",
    )
    assert len(found.figures) == 2 and found.metric(TRAIN).n == 3
    nothing = evaluate(tmp_path / "none", {"a": Dice()}, {"a": noise(3)})
    assert not nothing.metrics and nothing.figures == ()


def test_a_collapsed_generator_is_named(tmp_path: Path) -> None:
    found = evaluate(tmp_path, {"a": Collapsed()}, {"a": noise(2)}, optimisation_steps=2)
    assert found.warnings == (
        "interpolation: nothing changes on 3 of 3 walks through the latents of a; "
        "its generator has collapsed.",
    )
    assert STEP not in {metric.name for metric in found.metrics}
    assert math.isfinite(found.metric(TRAIN).value)


def test_one_image_and_none(tmp_path: Path) -> None:
    train = {"one": noise(1), "none": noise(0)}
    found = evaluate(tmp_path, dict.fromkeys(train, Linear()), train, optimisation_steps=2)
    assert found.warnings == (
        "interpolation drew no path between real images of one: it has one training image.",
        "interpolation drew no path between real images of none: it has no training image.",
    )
    assert [file.name for file in found.figures] == ["0-one-walk.png", "1-none-walk.png"]
    assert found.metric(TRAIN).n == 1


@pytest.mark.parametrize("conditional", [False, True])
def test_dcgan_in_colour(tmp_path: Path, conditional: bool) -> None:
    images = torch.randint(0, 256, (8, 3, 28, 32), generator=rng(), dtype=torch.uint8)
    names = ("a", "b") if conditional else ("a",)
    labels = torch.arange(8) % len(names)
    train = TrainingSet(images, labels, names, tuple(map(str, range(8))))
    gan = neuplug.load(
        "dcgan", steps=2, batch=4, ngf=4, ndf=4, latent_dim=8, conditional=conditional
    )
    gan.fit(train, FitContext(CPU, seed=1))
    sources = {name: (ClassGenerator(gan, label),) for label, name in enumerate(names)}
    held_out = HeldOutSet(images[:2], labels[:2], names, ("x", "y"))
    context = EvaluationContext(train, held_out, None, None, CPU, 2, tmp_path, sources)
    found = neuplug.load("interpolation", optimisation_steps=5).evaluate(context)
    assert len(found.figures) == 2 * len(names)
    assert 0 < found.metric(TRAIN).value < 128 and 0 < found.metric(TEST).value < 128


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"steps": 2}, r"interpolation\.steps = 2"),
        ({"images": 1}, r"interpolation\.images = 1"),
        ({"restarts": 0}, r"interpolation\.restarts = 0"),
        ({"optimization_steps": 5}, r"Did you mean optimisation_steps\?"),
    ],
)
def test_bad_options(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        neuplug.load("interpolation", **options)
