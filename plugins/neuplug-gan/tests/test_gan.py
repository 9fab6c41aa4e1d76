"""The adversarial trainer on small real networks, with faults planted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import neuplug_gan.trainer as trainer_module
from neuplug import Checkpoint, FitContext, InputError, TrainingDiverged, TrainingSet
from neuplug_gan.component import AdversarialGenerator
from neuplug_gan.diffaugment import POLICIES, diffaugment
from neuplug_gan.diversity import collapse_warning, diversity
from neuplug_gan.greyrange import GreyRange
from neuplug_gan.losses import discriminator_loss, generator_loss
from neuplug_gan.options import GANOptions

CPU = torch.device("cpu")


class TinyGenerator(nn.Module):
    """Noise to 8x8 images through one hidden layer; with dropout, which uses torch's own state."""

    def __init__(self, latent_dim: int, channels: int) -> None:
        super().__init__()
        self.channels = channels
        self.layers = nn.Sequential(
            nn.Linear(latent_dim, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Dropout(0.1),
            nn.Linear(32, channels * 64), nn.Tanh(),
        )  # fmt: skip

    def forward(self, noise: Tensor, labels: Tensor) -> Tensor:
        out: Tensor = self.layers(noise)
        return out.view(-1, self.channels, 8, 8)


class ConstantGenerator(nn.Module):
    """A planted collapse: one image, whatever the noise."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.image = nn.Parameter(torch.zeros(1, channels, 8, 8))

    def forward(self, noise: Tensor, labels: Tensor) -> Tensor:
        return self.image.tanh().expand(len(noise), -1, -1, -1)


class TinyDiscriminator(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Flatten(), nn.Linear(channels * 64, 32), nn.ReLU())
        self.head = nn.Linear(32, 1)

    def forward(self, images: Tensor, labels: Tensor) -> Tensor:
        out: Tensor = self.head(self.layers(images))
        return out.flatten()


class TinyGAN(AdversarialGenerator):
    def build(
        self, num_classes: int, in_chans: int, image_size: tuple[int, int]
    ) -> tuple[nn.Module, nn.Module]:
        return TinyGenerator(self.options.latent_dim, in_chans), TinyDiscriminator(in_chans)


class CollapsedGAN(AdversarialGenerator):
    def build(
        self, num_classes: int, in_chans: int, image_size: tuple[int, int]
    ) -> tuple[nn.Module, nn.Module]:
        return ConstantGenerator(in_chans), TinyDiscriminator(in_chans)


class Memory(Checkpoint):
    """Keeps the last tree."""

    def __init__(self) -> None:
        self.tree: dict[str, Any] | None = None
        self.saves = 0

    def save(self, tree: Mapping[str, Any]) -> None:
        self.saves += 1
        # a copy: training goes on in the same tensors
        self.tree = torch.utils._pytree.tree_map(
            lambda x: x.clone() if isinstance(x, Tensor) else x, dict(tree)
        )

    def load(self) -> dict[str, Any] | None:
        return self.tree


def train_set(n: int = 24, channels: int = 1) -> TrainingSet:
    """Images with a bright bar in one of eight rows."""
    rng = torch.Generator().manual_seed(0)
    images = torch.randint(60, 90, (n, channels, 8, 8), generator=rng, dtype=torch.uint8)
    for i in range(n):
        images[i, :, i % 8] = 180
    return TrainingSet(
        images, torch.zeros(n, dtype=torch.int64), ("bar",), tuple(map(str, range(n)))
    )


def context(**changes: Any) -> FitContext:
    return FitContext(**{"device": CPU, "seed": 3, "name": "tiny for bar", **changes})


def options(**changes: Any) -> GANOptions:
    return GANOptions(**{"steps": 60, "batch": 8, "latent_dim": 8, "grids": 3, **changes})


ZEROS = torch.zeros(5, dtype=torch.int64)


@pytest.mark.parametrize("loss", ["bce", "hinge"])
@pytest.mark.parametrize("channels", [1, 3])
def test_fit_and_sample(loss: str, channels: int) -> None:
    gan = TinyGAN(options(loss=loss, d_steps=2, g_steps=2, real_label=0.9, fake_label=0.1))
    record = gan.fit(train_set(channels=channels), context())
    images = gan.sample(ZEROS, seed=1)
    assert images.shape == (5, channels, 8, 8) and images.dtype == torch.uint8
    assert torch.equal(images, gan.sample(ZEROS, seed=1))
    assert not torch.equal(images, gan.sample(ZEROS, seed=2))
    assert [step for step, _ in record.grids] == [20, 40, 60]
    assert record.curves["discriminator"][-1][0] == 60
    assert record.curves.keys() == {"discriminator", "generator"}


def test_training_learns_the_bar() -> None:
    gan = TinyGAN(options(steps=800, lr=2e-3, diffaugment="none"))
    gan.fit(train_set(64), context())
    images = gan.sample(torch.zeros(64, dtype=torch.int64), 0).float()
    rows = images.mean((1, 3))  # (N, 8)
    # one row stands out in a real image by about 100 grey levels; in noise by less than 20
    standing_out = (rows.max(1).values - rows.median(1).values).mean()
    assert standing_out > 50


def test_same_seed_same_images_whatever_the_global_state() -> None:
    torch.manual_seed(1)
    first = TinyGAN(options())
    first.fit(train_set(), context())
    torch.manual_seed(2)
    before = torch.get_rng_state()
    second = TinyGAN(options())
    second.fit(train_set(), context())
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(first.sample(ZEROS, 0), second.sample(ZEROS, 0))
    third = TinyGAN(options())
    third.fit(train_set(), context(seed=4))
    assert not torch.equal(first.sample(ZEROS, 0), third.sample(ZEROS, 0))


def test_interrupted_training_goes_on_exactly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trainer_module, "CHECKPOINT_SECONDS", 0.0)
    whole = TinyGAN(options())
    record = whole.fit(train_set(), context())

    class Stop(Exception):
        pass

    def stop_late(done: int, total: int, note: str = "") -> None:
        if done >= 50:
            raise Stop

    memory = Memory()
    with pytest.raises(Stop):
        TinyGAN(options()).fit(train_set(), context(checkpoint=memory, progress=stop_late))
    assert memory.tree is not None
    kept = memory.tree["step"]
    assert 0 < kept < 60
    seen: list[int] = []
    resumed = TinyGAN(options())
    again = resumed.fit(
        train_set(), context(checkpoint=memory, progress=lambda d, t, n="": seen.append(d))
    )
    assert seen[0] > kept  # did not start over
    assert torch.equal(whole.sample(ZEROS, 0), resumed.sample(ZEROS, 0))
    assert again.curves == record.curves
    assert [s for s, _ in again.grids] == [s for s, _ in record.grids]


def test_state_gives_the_same_samples() -> None:
    gan = TinyGAN(options())
    gan.fit(train_set(), context())
    fresh = TinyGAN(options())
    fresh.load_state_dict(gan.state_dict())
    assert torch.equal(gan.sample(ZEROS, 7), fresh.sample(ZEROS, 7))
    with pytest.raises(RuntimeError):
        TinyGAN(options()).sample(ZEROS, 0)


def test_not_a_number_stops_with_a_sentence() -> None:
    with pytest.raises(TrainingDiverged, match=r"tiny for bar: the .* loss is .* step .*lr"):
        TinyGAN(options(lr=1e30, steps=100)).fit(train_set(), context())


def test_collapse_raises_the_alarm() -> None:
    record = CollapsedGAN(options()).fit(train_set(), context())
    assert len(record.warnings) == 1 and "collapsed" in record.warnings[0]
    assert "tiny for bar" in record.warnings[0]


def test_no_alarm_on_real_images() -> None:
    real = train_set(48).images
    assert collapse_warning(real[:24], real[24:], "real") is None
    assert diversity(real[:1].repeat(5, 1, 1, 1)) == 0.0


def test_average_is_off_at_zero() -> None:
    averaged, plain = TinyGAN(options()), TinyGAN(options(ema=0.0))
    averaged.fit(train_set(), context())
    plain.fit(train_set(), context())
    assert not torch.equal(averaged.sample(ZEROS, 0), plain.sample(ZEROS, 0))


def test_losses_by_hand() -> None:
    real, fake = torch.tensor([2.0, -1.0]), torch.tensor([0.5, -3.0])
    hinge = options(loss="hinge")
    # mean(max(0, 1-2), max(0, 1+1)) + mean(max(0, 1.5), max(0, -2))
    assert float(discriminator_loss(real, fake, hinge)) == pytest.approx(1.0 + 0.75)
    assert float(generator_loss(fake, hinge)) == pytest.approx(1.25)
    bce = options(real_label=0.9)
    zero = torch.zeros(1)
    assert float(discriminator_loss(zero, zero, bce)) == pytest.approx(2 * 0.693147, abs=1e-5)
    soft = torch.tensor([1.0])  # -(0.9 log s(1) + 0.1 log(1 - s(1)))
    assert float(generator_loss(soft, bce)) == pytest.approx(0.9 * 0.313262 + 0.1 * 1.313262)


@pytest.mark.parametrize("policy", list(POLICIES))
@pytest.mark.parametrize("shape", [(6, 1, 8, 8), (6, 3, 9, 14)])
def test_diffaugment(policy: str, shape: tuple[int, ...]) -> None:
    rng = torch.Generator().manual_seed(0)
    images = (torch.rand(shape, generator=rng) - 0.5).requires_grad_()
    out = diffaugment(images, [policy], torch.Generator().manual_seed(1))
    assert out.shape == images.shape and out.isfinite().all()
    assert torch.equal(out, diffaugment(images, [policy], torch.Generator().manual_seed(1)))
    assert not torch.equal(out, diffaugment(images, [policy], torch.Generator().manual_seed(2)))
    out.sum().backward()
    assert images.grad is not None and images.grad.abs().sum() > 0


def test_translation_moves_whole_pixels() -> None:
    images = torch.arange(64.0).reshape(1, 1, 8, 8).repeat(50, 1, 1, 1) + 1
    out = POLICIES["translation"](images, torch.Generator().manual_seed(0))
    kept = set(out.unique().tolist())
    assert kept <= set(images.unique().tolist())  # nothing interpolated, nothing invented
    shifts = set()
    for moved in out[:, 0]:
        found = [
            (dy, dx)
            for dy in (-1, 0, 1)
            for dx in (-1, 0, 1)
            if moved[3, 3] == images[0, 0, 3 + dy, 3 + dx]
        ]
        shifts.update(found)
    assert len(shifts) == 9  # an eighth of 8 pixels each way


def test_cutout_blanks_at_most_a_quarter() -> None:
    out = POLICIES["cutout"](torch.ones(200, 1, 8, 8), torch.Generator().manual_seed(0))
    blank = (out == 0).float().mean((1, 2, 3))
    assert blank.max() == 0.25 and 0 < blank.min() < 0.25


def test_small_sets_are_augmented_by_default() -> None:
    assert options().policies(100) == ("translation",)
    assert options().policies(5000) == ()
    assert options(diffaugment="none").policies(100) == ()
    assert options(diffaugment="color,cutout").policies(5000) == ("color", "cutout")


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"diffaugment": "colour"}, "no DiffAugment policy"),
        ({"loss": "wasserstein"}, "loss"),
        ({"batch": 0}, "batch"),
        ({"stepz": 5}, "Did you mean steps"),
    ],
)
def test_options_out_of_range(values: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        GANOptions.parse(values, "tiny")


def test_grey_range_is_used_and_undone() -> None:
    images = torch.randint(60, 121, (8, 1, 16, 16), dtype=torch.uint8)
    scale = GreyRange.of(images)
    assert (scale.low, scale.high) == (60, 120)
    unit = scale.to_unit(images, CPU)
    assert unit.min() == -1 and unit.max() == 1
    assert torch.equal(scale.to_bytes(unit), images)
    flat = GreyRange.of(torch.full((2, 1, 4, 4), 7, dtype=torch.uint8))
    assert flat.high > flat.low


def test_default_steps_follow_the_size() -> None:
    assert GANOptions().total_steps((64, 64)) == 1500
    assert GANOptions().total_steps((128, 64)) == 3000
    assert GANOptions(steps=7).total_steps((64, 64)) == 7


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_fit_on_gpu() -> None:
    gan = TinyGAN(options())
    gan.fit(train_set(), context(device=torch.device("cuda")))
    assert gan.sample(ZEROS, 0).device.type == "cpu"
