"""What holds the discriminator back: each against an answer known by hand, then in training."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import neuplug_gan.trainer as trainer_module
from neuplug import Checkpoint, FitContext, InputError, TrainingSet, derive_seed
from neuplug.tensorfile import load_tree, save_tree
from neuplug_gan.ada import AdaptiveProbability
from neuplug_gan.batches import ShuffledStream
from neuplug_gan.component import AdversarialGenerator
from neuplug_gan.diffaugment import POLICIES, diffaugment
from neuplug_gan.greyrange import GreyRange
from neuplug_gan.losses import discriminator_loss, generator_loss
from neuplug_gan.minibatch_std import MinibatchStd
from neuplug_gan.options import GANOptions
from neuplug_gan.regularizers.consistency import Consistency, flip
from neuplug_gan.regularizers.lecam import LeCam
from neuplug_gan.regularizers.r1 import R1
from neuplug_gan.regularizers.spectral_norm import normalize_spectra
from neuplug_gan.regularizers.turn import Judge, Turn
from neuplug_gan.trainer import AdversarialTrainer

CPU = torch.device("cpu")
CLASSES = ("dark", "bright")


class Generator(nn.Module):
    """With batch normalisation and dropout, so that torch's own random state takes part."""

    def __init__(self, latent_dim: int, classes: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(classes, latent_dim) if classes else None
        self.layers = nn.Sequential(
            nn.Linear(latent_dim, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Dropout(0.1),
            nn.Linear(32, 64), nn.Tanh(),
        )  # fmt: skip

    def forward(self, noise: Tensor, labels: Tensor) -> Tensor:
        if self.embedding is not None:
            noise = noise + self.embedding(labels)
        images: Tensor = self.layers(noise).view(-1, 1, 8, 8)
        return images


class Discriminator(nn.Module):
    """A convolution, batch normalisation, dropout, a linear layer and a projection."""

    def __init__(self, classes: int = 0, minibatch_std: bool = False) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 4, 4, 2, 1), nn.BatchNorm2d(4), nn.LeakyReLU(0.2, inplace=True),
            nn.Dropout(0.1),
        )  # fmt: skip
        self.minibatch_std = MinibatchStd() if minibatch_std else nn.Identity()
        self.head = nn.Linear((4 + minibatch_std) * 16, 1)
        self.embedding = nn.Embedding(classes, 4) if classes else None

    def forward(self, images: Tensor, labels: Tensor) -> Tensor:
        features = self.features(images)
        logits: Tensor = self.head(self.minibatch_std(features).flatten(1)).flatten()
        if self.embedding is not None:
            logits = logits + (self.embedding(labels) * features.mean((2, 3))).sum(1)
        return logits


class GAN(AdversarialGenerator):
    def build(
        self, num_classes: int, in_chans: int, image_size: tuple[int, int]
    ) -> tuple[nn.Module, nn.Module]:
        o = self.options
        return Generator(o.latent_dim, num_classes), Discriminator(num_classes, o.minibatch_std)


class DeafGAN(GAN):
    """Its discriminator has no place for the minibatch's deviation, whatever the options say."""

    def build(
        self, num_classes: int, in_chans: int, image_size: tuple[int, int]
    ) -> tuple[nn.Module, nn.Module]:
        return Generator(self.options.latent_dim, num_classes), Discriminator(num_classes)


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


def train_set(n: int = 24) -> TrainingSet:
    rng = torch.Generator().manual_seed(0)
    labels = torch.arange(n) % 2
    images = torch.randint(0, 60, (n, 1, 8, 8), generator=rng) + 120 * labels.view(-1, 1, 1, 1)
    return TrainingSet(images.byte(), labels, CLASSES, tuple(map(str, range(n))))


def context(**changes: Any) -> FitContext:
    return FitContext(**{"device": CPU, "seed": 3, "name": "tiny for bar", **changes})


def options(**changes: Any) -> GANOptions:
    values = {"steps": 60, "batch": 6, "latent_dim": 8, "grids": 3, **changes}
    return GANOptions.parse(values, "gan")


def trainer(discriminator: nn.Module, **changes: Any) -> AdversarialTrainer:
    wanted = options(**changes)
    train = train_set()
    return AdversarialTrainer(
        Generator(8, 0), discriminator, train, GreyRange.of(train.images), wanted, context()
    )


def judge_of(network: nn.Module) -> Judge:
    def judge(images: Tensor, labels: Tensor, exact: bool = False) -> Tensor:
        logits: Tensor = network(images)
        return logits.flatten()

    return judge


def turn(network: nn.Module, seen: Tensor, fake: Tensor, updates: int = 0) -> Turn:
    """Both images unaugmented."""
    judge, labels = judge_of(network), torch.zeros(len(seen), dtype=torch.int64)
    on_real, on_fake = judge(seen, labels), judge(fake, labels)
    return Turn(judge, labels, seen, fake, seen, on_real, on_fake, updates)


def given(on_real: list[float], on_fake: list[float], updates: int) -> Turn:
    """Nothing but logits."""
    nothing = torch.empty(0)
    judge = judge_of(nn.Identity())
    real, fake = torch.tensor(on_real, requires_grad=True), torch.tensor(on_fake)
    return Turn(judge, nothing, nothing, nothing, nothing, real, fake, updates)


def images(n: int = 6, seed: int = 0) -> Tensor:
    return torch.rand(n, 1, 8, 8, generator=torch.Generator().manual_seed(seed)) * 2 - 1


# Spectral normalisation


def norms(network: nn.Module) -> list[float]:
    """Largest singular value of each layer's weight as a matrix."""
    return [
        float(torch.linalg.matrix_norm(module.weight.detach().flatten(1), 2))
        for module in network.modules()
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear | nn.Embedding)
    ]


def test_spectral_norm_of_every_layer_is_one() -> None:
    torch.manual_seed(0)
    network = Discriminator(classes=2)
    before = norms(network)
    assert min(abs(norm - 1) for norm in before) > 0.02
    normalize_spectra(network)
    labels = torch.zeros(6, dtype=torch.int64)
    for _ in range(30):  # each is a step of power iteration
        network(images(), labels)
    network.eval()
    assert norms(network) == pytest.approx([1.0] * 3, abs=1e-3)


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_spectral_norm_in_training(precision: str) -> None:
    torch.manual_seed(0)
    found = {}
    for on in (False, True):
        network = Discriminator()
        with torch.no_grad():
            for weight in (network.features[0].weight, network.head.weight):
                weight.mul_(3)
        trainer(network, precision=precision, spectral_norm=on).run()
        found[on] = norms(network.eval())
    assert min(found[False]) > 1.5
    # power iteration runs after the weights
    assert found[True] == pytest.approx([1.0] * 2, abs=0.05)


def test_spectral_norm_of_the_networks_own_is_left_alone() -> None:
    network = nn.Sequential(
        nn.utils.parametrizations.spectral_norm(nn.Linear(64, 8)),
        nn.utils.spectral_norm(nn.Linear(8, 8)),
        nn.Linear(8, 1),
    )
    names = set(network.state_dict())
    normalize_spectra(network)
    added = {name for name in network.state_dict() if name not in names}
    assert added and all(name.startswith("2.") for name in added)
    assert network(images().flatten(1)).shape == (6, 1)


# R1


def test_r1_of_a_linear_discriminator() -> None:
    linear = nn.Linear(64, 1)
    network = nn.Sequential(nn.Flatten(), linear)
    penalty = R1(gamma=10.0, every=1)
    found = penalty(turn(network, images(), images(seed=1)))
    squared = linear.weight.detach().square().sum()
    assert float(found.detach()) == pytest.approx(10 / 2 * float(squared), rel=1e-5)
    found.backward()
    # the derivative of gamma / 2 |w|^2 is gamma w
    assert torch.allclose(linear.weight.grad, 10 * linear.weight, rtol=1e-4)


def test_r1_is_lazy_and_as_strong() -> None:
    network = nn.Sequential(nn.Flatten(), nn.Linear(64, 1))
    each, lazy = R1(2.0, 1), R1(2.0, 4)
    often = [each(turn(network, images(), images(), i)).item() for i in range(8)]
    seldom = [lazy(turn(network, images(), images(), i)).item() for i in range(8)]
    assert [value > 0 for value in seldom] == [True, False, False, False] * 2
    assert sum(seldom) == pytest.approx(sum(often), rel=1e-5)


class Witness(Discriminator):
    """Remembers what it was shown, and the precision in which it judged it."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[Tensor] = []
        self.dtypes: list[torch.dtype] = []

    def forward(self, images: Tensor, labels: Tensor) -> Tensor:
        logits = super().forward(images, labels)
        self.seen.append(images.detach())
        self.dtypes.append(logits.dtype)
        return logits


@pytest.mark.parametrize("loss", ["bce", "hinge"])
def test_r1_sees_augmented_images_in_float32(loss: str) -> None:
    witness = Witness()
    wanted = {"loss": loss, "precision": "bf16", "diffaugment": "color", "r1": 1, "r1_every": 2}
    trainer(witness, steps=3, **wanted).run()
    half, single = torch.bfloat16, torch.float32
    # real, fake, R1 at updates 0 and 2, the generator's turn
    with_r1, without = [half, half, single, half], [half, half, half]
    assert witness.dtypes == with_r1 + without + with_r1
    assert torch.equal(witness.seen[0], witness.seen[2])  # the same colours


# LeCam


def test_lecam_by_hand() -> None:
    penalty = LeCam(weight=0.5, decay=0.9, start=2)
    # both waiting updates: nothing penalised, the anchors are the latest means
    assert float(penalty(given([9.0, 9.0], [-9.0, -9.0], 0))) == 0
    assert float(penalty(given([1.0, 3.0], [-2.0, 0.0], 1))) == 0
    assert (float(penalty.real), float(penalty.fake)) == (2.0, -1.0)
    now = given([4.0, 2.0], [-1.0, 1.0], 2)
    found = penalty(now)
    real, fake = 0.9 * 2 + 0.1 * 3, 0.9 * -1 + 0.1 * 0
    assert float(penalty.real) == pytest.approx(real)
    assert float(penalty.fake) == pytest.approx(fake)
    above = ((4 - fake) ** 2 + (2 - fake) ** 2) / 2
    below = ((real + 1) ** 2 + (real - 1) ** 2) / 2
    assert found.item() == pytest.approx(0.5 * (above + below))
    found.backward()  # through the logits, not through the anchors
    assert now.on_real.grad.tolist() == pytest.approx([0.5 * (4 - fake), 0.5 * (2 - fake)])


def test_lecam_leaves_alone_what_is_beyond_the_other_anchor() -> None:
    penalty = LeCam(1.0, 0.99, 0)
    penalty(given([1.0], [-1.0], 0))
    assert float(penalty(given([-5.0, -6.0], [5.0, 6.0], 1))) == 0


def test_lecam_does_nothing_before_its_start() -> None:
    late = GAN(options(lecam=1.0, lecam_start=60)).fit(train_set(), context())
    assert late.curves == GAN(options()).fit(train_set(), context()).curves
    begun = GAN(options(lecam=1.0, lecam_start=0)).fit(train_set(), context())
    assert begun.curves != late.curves


# Minibatch standard deviation


def test_minibatch_std_by_hand() -> None:
    # two features of one pixel; each differs by 2 and by 6 between the two images
    features = torch.tensor([[1.0, 10.0], [3.0, 4.0]]).view(2, 2, 1, 1)
    out = MinibatchStd()(features)
    assert torch.equal(out[:, :2], features)
    assert out[:, 2].flatten().tolist() == pytest.approx([(1 + 3) / 2] * 2, rel=1e-4)


@pytest.mark.parametrize(
    ("batch", "sizes"), [(1, [1]), (4, [4]), (5, [3, 2]), (7, [4, 3]), (8, [4, 4]), (9, [3, 3, 3])]
)
def test_minibatch_std_of_any_batch(batch: int, sizes: list[int]) -> None:
    features = torch.randn(batch, 3, 4, 5, generator=torch.Generator().manual_seed(0))
    out = MinibatchStd()(features.requires_grad_())
    assert out.shape == (batch, 4, 4, 5)
    begin = 0
    for size in sizes:
        group = features[begin : begin + size].detach()
        wanted = float(group.std(0, correction=0).mean())
        told = out[begin : begin + size, 3].flatten().tolist()
        assert told == pytest.approx([wanted] * len(told), abs=2e-4)
        begin += size
    out.sum().backward()
    assert features.grad is not None and features.grad.isfinite().all()


def test_minibatch_std_of_identical_images_is_zero() -> None:
    features = torch.randn(1, 3, 4, 4).repeat(6, 1, 1, 1).to(torch.bfloat16)
    out = MinibatchStd()(features)
    assert out.dtype == torch.bfloat16
    assert float(out[:, 3].abs().max()) < 2e-4


def test_minibatch_std_needs_a_place() -> None:
    with pytest.raises(InputError, match="tiny for bar: its discriminator has no place"):
        DeafGAN(options(minibatch_std=True)).fit(train_set(), context())


# Consistency


class Brightest(nn.Module):
    """The brightest pixel, wherever it is."""

    def forward(self, images: Tensor) -> Tensor:
        return images.amax((1, 2, 3))


class Corner(nn.Module):
    def forward(self, images: Tensor) -> Tensor:
        return images[:, 0, 2, 2]


class Shape(nn.Module):
    """What is left when brightness and contrast are taken out."""

    def forward(self, images: Tensor) -> Tensor:
        flat = images.flatten(1)
        normal = (flat - flat.mean(1, keepdim=True)) / flat.std(1, keepdim=True)
        return normal[:, :20].sum(1)


def spots() -> Tensor:
    """A bright pixel in the middle, which no shift by an eighth takes out of sight."""
    out = images(32) / 2
    out[:, 0, 4, 4] = 1.0
    return out


def test_consistency_is_zero_where_shift_and_flip_change_nothing() -> None:
    penalty = Consistency(10.0, augmented=False, rng=torch.Generator().manual_seed(0))
    assert float(penalty(turn(Brightest(), spots(), spots()))) == 0
    assert float(penalty(turn(Corner(), spots(), spots()))) > 0.1


def test_shift_and_flip_both_happen() -> None:
    rows = torch.arange(8.0).view(1, 1, 8, 1).expand(32, 1, 8, 8)  # no flip changes them
    penalty = Consistency(10.0, augmented=False, rng=torch.Generator().manual_seed(0))
    assert float(penalty(turn(Corner(), rows, rows))) > 0.1
    many = images(400)
    out = flip(many, torch.Generator().manual_seed(0))
    same = (out == many).flatten(1).all(1)
    mirrored = (out == many.flip(3)).flatten(1).all(1)
    assert (same ^ mirrored).all()
    assert 150 < int(mirrored.sum()) < 250


@pytest.mark.parametrize(("network", "changes"), [(Shape(), False), (Corner(), True)])
def test_consistency_is_zero_where_the_policies_change_nothing(
    network: nn.Module, changes: bool
) -> None:
    rng = torch.Generator().manual_seed(0)
    plain = turn(network, spots(), spots())
    seen_real, seen_fake = (diffaugment(spots(), ["color"], rng) for _ in range(2))
    on_real, on_fake = network(seen_real), network(seen_fake)
    judge, labels = plain.judge, plain.labels
    augmented = Turn(judge, labels, spots(), spots(), seen_real, on_real, on_fake, 0)
    found = float(Consistency(2.0, augmented=True, rng=rng)(augmented))
    assert (found > 0.1) == changes
    by_hand = 2 * (
        (on_real - plain.on_real).square().mean() + (on_fake - plain.on_fake).square().mean()
    )
    assert found == pytest.approx(float(by_hand), rel=1e-5, abs=1e-8)
    if not changes:
        assert found < 1e-8


# Adaptive augmentation

SURE, TORN = torch.ones(16), torch.tensor([1.0, -1.0]).repeat(8)


def test_ada_rises_and_falls_at_its_rate() -> None:
    ada = AdaptiveProbability(images=640)  # 4 updates of 16 are a tenth
    seen = []
    for logits in [SURE] * 12 + [TORN] * 8:
        ada.update(logits)
        seen.append(ada.p)
    assert seen[:3] == [0, 0, 0]
    assert seen[3::4] == pytest.approx([0.1, 0.2, 0.3, 0.2, 0.1])


def test_ada_stays_between_0_and_1() -> None:
    ada = AdaptiveProbability(images=100)
    for _ in range(12):
        ada.update(SURE)
    assert ada.p == 1
    for _ in range(12):
        ada.update(TORN)
    assert ada.p == 0


def test_ada_rests_at_its_target() -> None:
    ada = AdaptiveProbability(images=100)
    for _ in range(4):
        ada.update(torch.tensor([2.0, 3.0, 1.0, 5.0, -1.0]))  # r = 3 / 5
    assert ada.p == 0


def test_ada_goes_on_from_its_state() -> None:
    whole, first, second = (AdaptiveProbability(images=640) for _ in range(3))
    for i in range(13):
        whole.update(SURE if i % 3 else TORN)
        (first if i < 6 else second).update(SURE if i % 3 else TORN)
        if i == 5:
            second.load_state_dict(first.state_dict())
    assert second.state_dict() == whole.state_dict() and whole.p > 0


@pytest.mark.parametrize("p", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("policy", list(POLICIES))
def test_each_image_is_augmented_with_its_chance(policy: str, p: float) -> None:
    many = images(4000)
    out = diffaugment(many, [policy], torch.Generator().manual_seed(1), p)
    changed = (out != many).flatten(1).any(1).float().mean()
    whole = diffaugment(many, [policy], torch.Generator().manual_seed(1))
    at_most = (whole != many).flatten(1).any(1).float().mean()  # a shift by 0 changes nothing
    assert float(changed) == pytest.approx(p * float(at_most), abs=0.03)


class Certain(Discriminator):
    """Takes everything for real."""

    def forward(self, images: Tensor, labels: Tensor) -> Tensor:
        return super().forward(images, labels) * 1e-3 + 5


def test_ada_in_training_is_recorded() -> None:
    adaptive = trainer(Certain(), ada=True, ada_images=240, lr=1e-6)  # 4 updates of 6: a tenth
    record = adaptive.run()
    curve = record.curves["augmentation probability"]
    assert [step for step, _ in curve] == [20, 25, 40, 50, 60]
    assert [p for _, p in curve] == pytest.approx([0.5, 0.6, 1.0, 1.0, 1.0])


# All of them

OPTIONS: dict[str, dict[str, Any]] = {
    "spectral_norm": {"spectral_norm": True},
    "r1": {"r1": 1.0, "r1_every": 3},
    "lecam": {"lecam": 0.1, "lecam_start": 2},
    "minibatch_std": {"minibatch_std": True},
    "consistency": {"consistency": 1.0},
    "ada": {"ada": True, "ada_images": 300},
}
ALL = {name: value for one in OPTIONS.values() for name, value in one.items()}


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("loss", ["bce", "hinge"])
def test_interrupted_training_goes_on_exactly(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, loss: str, precision: str
) -> None:
    monkeypatch.setattr(trainer_module, "CHECKPOINT_SECONDS", 0.0)
    changes = {"loss": loss, "precision": precision, "conditional": True, "checkpoints": "50"}
    wanted = options(**ALL, **changes, input_noise=0.1, batch=12, lr=1e-2)
    whole = GAN(wanted)
    record = whole.fit(train_set(), context())
    assert 0 < dict(record.curves["augmentation probability"])[25] < 1

    class Stop(Exception):
        pass

    def stop_late(done: int, total: int, note: str = "") -> None:
        if done >= 40:
            raise Stop

    memory = Memory(tmp_path / "training.safetensors")
    with pytest.raises(Stop):
        GAN(wanted).fit(train_set(), context(checkpoint=memory, progress=stop_late))
    assert memory.step == 25  # between two steps of p, and of R1
    resumed = GAN(wanted)
    again = resumed.fit(train_set(), context(checkpoint=memory))
    assert again.curves == record.curves and again.checkpoints == record.checkpoints
    states = whole.state_dict()["kept"], resumed.state_dict()["kept"]
    for ours, theirs in zip(*states, strict=True):
        for name, value in ours["network"].items():
            assert torch.equal(value, theirs["network"][name]), name


def test_with_all_off_it_is_the_plain_loop() -> None:
    """Bit for bit what the loop is without any of them, written out here."""
    changes = {"diffaugment": "color,translation", "input_noise": 0.1, "precision": "fp32"}
    wanted = options(steps=7, ema=0, grids=0, **changes)
    train = train_set()
    torch.manual_seed(1)
    network_g, network_d = Generator(8, 0), Discriminator()
    trained = AdversarialTrainer(
        network_g, network_d, train, GreyRange.of(train.images), wanted, context()
    )
    trained.run()

    torch.manual_seed(1)
    g = Generator(8, 0).to(memory_format=torch.channels_last)
    d = Discriminator().to(memory_format=torch.channels_last)
    rng = torch.Generator().manual_seed(derive_seed(3, "loop"))
    noise_rng = torch.Generator().manual_seed(derive_seed(3, "input noise"))
    stream = ShuffledStream(len(train), rng)
    real_images = GreyRange.of(train.images).to_unit(train.images, CPU)
    adam_g = torch.optim.Adam(g.parameters(), 2e-4, (0.5, 0.999), fused=True)
    adam_d = torch.optim.Adam(d.parameters(), 2e-4, (0.5, 0.999), fused=True)
    one, zero = torch.ones(6), torch.zeros(6)

    def judge(shown: Tensor) -> Tensor:
        shown = diffaugment(shown, ["color", "translation"], rng)
        shown = shown + 0.1 * torch.randn(shown.shape, generator=noise_rng)
        logits: Tensor = d(shown, train.labels)
        return logits

    for _ in range(7):
        real = real_images[stream.take(6)].contiguous(memory_format=torch.channels_last)
        fake = g(torch.randn((6, 8), generator=rng), train.labels)
        adam_d.zero_grad()
        discriminator_loss(judge(real), judge(fake.detach()), "bce", one, zero).backward()
        adam_d.step()
        adam_g.zero_grad()
        generator_loss(judge(fake), "bce").backward()
        adam_g.step()
    for ours, plain in ((network_g, g), (network_d, d)):
        assert ours.state_dict().keys() == plain.state_dict().keys()
        for name, value in plain.state_dict().items():
            assert torch.equal(ours.state_dict()[name], value), name


def test_all_are_off_by_default() -> None:
    defaults = options()
    assert not any(getattr(defaults, name) for name in OPTIONS)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"r1": -1}, "r1 = -1: .*greater than or equal to 0"),
        ({"r1": "inf"}, "r1 = 'inf': .*finite"),
        ({"r1_every": 0}, "r1_every = 0"),
        ({"lecam": -0.1}, "lecam = -0.1"),
        ({"lecam_decay": 1}, "lecam_decay = 1: .*less than 1"),
        ({"lecam_start": -1}, "lecam_start = -1"),
        ({"consistency": -1}, "consistency = -1"),
        ({"ada_images": 0}, "ada_images = 0"),
        ({"spectral_norm": "often"}, "spectral_norm = 'often'"),
        ({"ada": True, "diffaugment": "none"}, "diffaugment = none: leave ada off, or write"),
    ],
)
def test_options_out_of_range(values: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        GANOptions.parse(values, "gan")


def test_ada_without_policies_is_refused_before_training() -> None:
    n = 1000
    many = TrainingSet(
        torch.zeros(n, 1, 8, 8, dtype=torch.uint8),
        torch.zeros(n, dtype=torch.int64),
        ("bar",),
        tuple(map(str, range(n))),
    )
    with pytest.raises(InputError, match=r"tiny for bar: ada .* 1000 images or more, here 1000"):
        GAN(options(ada=True)).fit(many, context())


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_all_on_gpu(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, precision: str) -> None:
    monkeypatch.setattr(trainer_module, "CHECKPOINT_SECONDS", 0.0)
    memory = Memory(tmp_path / "training.safetensors")
    gpu = context(device=torch.device("cuda"), checkpoint=memory)
    wanted = options(**ALL, precision=precision, conditional=True)
    record = GAN(wanted).fit(train_set(), gpu)
    assert GAN(wanted).fit(train_set(), gpu).curves == record.curves  # from the state at the end
