"""The adversarial trainer on small real networks, with faults planted."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest
import torch
from torch import Tensor, nn

import neuplug_gan.trainer as trainer_module
from neuplug import Checkpoint, FitContext, InputError, TrainingDiverged, TrainingSet
from neuplug.tensorfile import load_tree, save_tree
from neuplug_gan.batches import ShuffledStream
from neuplug_gan.component import AdversarialGenerator
from neuplug_gan.diffaugment import POLICIES, diffaugment
from neuplug_gan.diversity import collapse_warning, diversity
from neuplug_gan.greyrange import GreyRange
from neuplug_gan.losses import discriminator_loss, generator_loss, targets
from neuplug_gan.options import GANOptions
from neuplug_gan.trainer import AdversarialTrainer

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


class PlainGenerator(TinyGenerator):
    """Without what needs more than one image in a batch."""

    def __init__(self, latent_dim: int, channels: int) -> None:
        super().__init__(latent_dim, channels)
        self.layers[1] = nn.Identity()


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


class PlainGAN(AdversarialGenerator):
    def build(
        self, num_classes: int, in_chans: int, image_size: tuple[int, int]
    ) -> tuple[nn.Module, nn.Module]:
        return PlainGenerator(self.options.latent_dim, in_chans), TinyDiscriminator(in_chans)


class CollapsedGAN(AdversarialGenerator):
    def build(
        self, num_classes: int, in_chans: int, image_size: tuple[int, int]
    ) -> tuple[nn.Module, nn.Module]:
        return ConstantGenerator(in_chans), TinyDiscriminator(in_chans)


class Memory(Checkpoint):
    """Keeps the last tree in a file, as the core does."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.step = 0

    def save(self, tree: Mapping[str, Any]) -> None:
        self.step = tree["step"]
        save_tree(tree, self.path)

    def load(self) -> dict[str, Any] | None:
        return load_tree(self.path) if self.path.exists() else None


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


PUBLISHED = {"ema": 0.0, "diffaugment": "none"}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"steps": None, "epochs": 12, "checkpoints": (2, 7), "decay": 0.01, "input_noise": 0.1},
        {"steps": None, "epochs": 12, "checkpoints": (2, 7), "batch": 5, **PUBLISHED},
    ],
)
def test_interrupted_training_goes_on_exactly(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, changes: dict[str, Any]
) -> None:
    monkeypatch.setattr(trainer_module, "CHECKPOINT_SECONDS", 0.0)
    wanted = options(**changes)
    train = train_set(36)  # 5 loops an epoch of batches of 8; an order ends within a batch
    whole = TinyGAN(wanted)
    record = whole.fit(train, context())

    class Stop(Exception):
        pass

    def stop_late(done: int, total: int, note: str = "") -> None:
        if done >= 50:
            raise Stop

    memory = Memory(tmp_path / "training.safetensors")
    with pytest.raises(Stop):
        TinyGAN(wanted).fit(train, context(checkpoint=memory, progress=stop_late))
    kept = memory.step
    assert 0 < kept < 50
    seen: list[int] = []
    resumed = TinyGAN(wanted)
    again = resumed.fit(
        train, context(checkpoint=memory, progress=lambda d, t, n="": seen.append(d))
    )
    assert seen[0] > kept  # did not start over
    assert again.curves == record.curves
    assert again.checkpoints == record.checkpoints
    assert [s for s, _ in again.grids] == [s for s, _ in record.grids]
    states = whole.state_dict()["kept"], resumed.state_dict()["kept"]
    assert len(states[0]) == len(states[1]) == len(wanted.checkpoints) + 1
    for ours, theirs in zip(*states, strict=True):
        for name, value in ours["network"].items():
            assert torch.equal(value, theirs["network"][name]), name


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
    one, zero = torch.ones(2), torch.zeros(2)
    # mean(max(0, 1-2), max(0, 1+1)) + mean(max(0, 1.5), max(0, -2))
    assert float(discriminator_loss(real, fake, "hinge", one, zero)) == pytest.approx(1.0 + 0.75)
    assert float(generator_loss(fake, "hinge")) == pytest.approx(1.25)
    flat = discriminator_loss(zero, zero, "bce", 0.9 * one, zero)
    assert float(flat) == pytest.approx(2 * 0.693147, abs=1e-5)
    soft = torch.tensor([1.0, 1.0])  # log s(1) = -0.313262, log(1 - s(1)) = -1.313262
    smoothed = discriminator_loss(soft, -soft, "bce", torch.tensor([0.9, 1.0]), zero)
    expected = (0.9 * 0.313262 + 0.1 * 1.313262 + 0.313262) / 2 + 0.313262
    assert float(smoothed) == pytest.approx(expected, abs=1e-5)
    assert float(generator_loss(soft, "bce")) == pytest.approx(0.313262, abs=1e-5)


def test_the_grey_range_is_spread_or_whole() -> None:
    spread, full = TinyGAN(options()), TinyGAN(options(grey_range="full"))
    spread.fit(train_set(), context())
    full.fit(train_set(), context())
    assert full.state_dict()["range"] == [0.0, 255.0] != spread.state_dict()["range"]


def test_labels_by_class() -> None:
    classes = ("pitting", "rust", "intact")
    assert targets({"rust": 0.85}, classes, 1.0).tolist() == pytest.approx([1, 0.85, 1])
    assert targets({"rust": 0.15}, classes, 0.0).tolist() == pytest.approx([0, 0.15, 0])
    assert targets(0.9, classes, 1.0).tolist() == pytest.approx([0.9] * 3)


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
        ({"steps": 5, "epochs": 5}, "steps or epochs, not both"),
        ({"real_label": 1.2}, "number from 0 to 1"),
        ({"fake_label": {"rust": "soft"}}, "number from 0 to 1"),
        ({"decay": -1}, "decay"),
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


def test_default_length_follows_the_size() -> None:
    assert GANOptions().length((64, 64)) == 1500
    assert GANOptions().length((128, 64)) == 3000
    assert GANOptions(steps=7).length((64, 64)) == 7


def test_length_in_epochs() -> None:
    gan = TinyGAN(options(steps=None, epochs=7, checkpoints=2, grids=7))
    record = gan.fit(train_set(21), context())
    assert record.epoch_steps == 3  # 21 images in batches of 8
    assert [step for step, _ in record.grids] == [3, 6, 9, 12, 15, 18, 21]
    assert [step for step, _ in record.checkpoints] == [6, 21]
    in_steps = TinyGAN(options(steps=21))
    assert in_steps.fit(train_set(21), context()).epoch_steps is None
    assert torch.equal(gan.sample(ZEROS, 0), in_steps.sample(ZEROS, 0))


def test_every_image_once_before_any_again() -> None:
    stream = ShuffledStream(10, torch.Generator().manual_seed(0))
    drawn = torch.cat([stream.take(4) for _ in range(15)]).view(6, 10)
    assert (drawn.sort(1).values == torch.arange(10)).all()
    assert len({tuple(order.tolist()) for order in drawn}) == 6
    assert ShuffledStream(3, torch.Generator().manual_seed(0)).take(8).bincount().min() >= 2


def test_batch_of_one() -> None:
    gan = PlainGAN(options(steps=None, epochs=2, batch=1, ema=0, diffaugment="none"))
    record = gan.fit(train_set(9), context())
    assert record.epoch_steps == 9 and record.curves["generator"][-1][0] == 18
    assert gan.sample(ZEROS, 0).shape == (5, 1, 8, 8)


def test_decay_is_that_of_keras() -> None:
    """Plain gradient descent shows the rate: with d_steps 2, loop t has updates 2t and 2t + 1."""
    trainer = AdversarialTrainer(
        TinyGenerator(8, 1), TinyDiscriminator(1), train_set(), GreyRange(0, 255),
        options(steps=5, lr=0.1, d_lr=0.4, decay=0.5, d_steps=2, g_steps=3), context(),
    )  # fmt: skip
    rates: dict[str, list[float]] = {"d": [], "g": []}
    for name, optimizer in (("d", trainer.optimizer_d), ("g", trainer.optimizer_g)):
        optimizer.register_step_pre_hook(
            lambda o, a, k, name=name: rates[name].append(o.param_groups[0]["lr"])
        )
    trainer.run()
    assert rates["d"] == pytest.approx([0.4 / (1 + 0.5 * t) for t in range(10)])
    assert rates["g"] == pytest.approx([0.1 / (1 + 0.5 * t) for t in range(15)])


def test_input_noise_is_a_training_matter() -> None:
    silent, noisy = TinyGAN(options()), TinyGAN(options(input_noise=0.5))
    silent.fit(train_set(), context())
    noisy.fit(train_set(), context())
    again = TinyGAN(options(input_noise=0.5))
    again.fit(train_set(), context())
    assert not torch.equal(silent.sample(ZEROS, 0), noisy.sample(ZEROS, 0))
    assert torch.equal(noisy.sample(ZEROS, 0), again.sample(ZEROS, 0))


class Watcher(TinyDiscriminator):
    """Always says 0: its loss tells the targets, and it keeps what it was shown."""

    seen: ClassVar[list[Tensor]] = []

    def forward(self, images: Tensor, labels: Tensor) -> Tensor:
        self.seen.append(images.detach())
        return super().forward(images, labels)


def test_input_noise_has_its_deviation() -> None:
    Watcher.seen.clear()
    AdversarialTrainer(
        ConstantGenerator(1), Watcher(1), train_set(), GreyRange(0, 255),
        options(steps=20, lr=1e-12, input_noise=0.3, diffaugment="none"), context(),
    ).run()  # fmt: skip
    fakes = torch.cat(Watcher.seen[1::3] + Watcher.seen[2::3])  # grey 0 without the noise
    assert float(fakes.std()) == pytest.approx(0.3, rel=0.02)
    assert abs(float(fakes.mean())) < 0.01


def test_labels_by_class_reach_the_training() -> None:
    """Targets of one half for a class are a loss of log 2 at least, whatever is learned."""
    half = options(real_label={"bar": 0.5}, fake_label={"bar": 0.5}, steps=200, lr=1e-2)
    assert TinyGAN(half).fit(train_set(), context()).curves["discriminator"][-1][1] > 1.386
    other = options(real_label={"rust": 0.5}, fake_label={"rust": 0.5}, steps=200, lr=1e-2)
    assert TinyGAN(other).fit(train_set(), context()).curves["discriminator"][-1][1] < 1.386


def test_grid_images() -> None:
    record = TinyGAN(options(grid_images=100, grids=2)).fit(train_set(), context())
    assert [tuple(images.shape) for _, images in record.grids] == [(100, 1, 8, 8)] * 2


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_fit_on_gpu(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(trainer_module, "CHECKPOINT_SECONDS", 0.0)
    gpu = torch.device("cuda")
    memory = Memory(tmp_path / "training.safetensors")
    gan = TinyGAN(options(input_noise=0.1, checkpoints=25, decay=0.01))
    record = gan.fit(train_set(), context(device=gpu, checkpoint=memory))
    assert gan.sample(ZEROS, 0).device.type == "cpu"
    assert len(record.checkpoints) == 2
    latents = torch.zeros(5, 8, device=gpu, requires_grad=True)
    images = gan.decode(latents, ZEROS)
    assert images.device.type == "cuda"
    images.sum().backward()
    assert latents.grad is not None and latents.grad.any()
    again = TinyGAN(gan.options).fit(train_set(), context(device=gpu, checkpoint=memory))
    assert again.checkpoints == record.checkpoints
