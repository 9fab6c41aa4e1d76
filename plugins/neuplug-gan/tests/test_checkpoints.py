"""Keeping generators along the training, and choosing which one draws."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from neuplug import FitContext, InputError, LatentGenerator, TrainingSet
from neuplug.storage.tensorfile import tree_bytes, tree_from
from neuplug_gan.checkpoints import Part, choose, parse_choice
from neuplug_gan.component import AdversarialGenerator
from neuplug_gan.options import GANOptions

CPU = torch.device("cpu")
CLASSES = ("dark", "bright: very")
OPTIONS = {"steps": 60, "batch": 8, "latent_dim": 6, "grids": 0, "lr": 2e-3, "ema": 0.9}


class Generator(nn.Module):
    def __init__(self, latent_dim: int, classes: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(classes, latent_dim) if classes else None
        self.layers = nn.Sequential(
            nn.Linear(latent_dim, 32), nn.ReLU(), nn.Dropout(0.2), nn.Linear(32, 64), nn.Tanh()
        )

    def forward(self, noise: Tensor, labels: Tensor) -> Tensor:
        if self.embedding is not None:
            noise = noise + self.embedding(labels)
        images: Tensor = self.layers(noise).view(-1, 1, 8, 8)
        return images


class Discriminator(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Flatten(), nn.Linear(64, 16), nn.ReLU(), nn.Linear(16, 1))

    def forward(self, images: Tensor, labels: Tensor) -> Tensor:
        logits: Tensor = self.layers(images)
        return logits.flatten()


class GAN(AdversarialGenerator):
    def build(
        self, num_classes: int, in_chans: int, image_size: tuple[int, int]
    ) -> tuple[nn.Module, nn.Module]:
        return Generator(self.options.latent_dim, num_classes), Discriminator()


def train_set(classes: tuple[str, ...] = CLASSES) -> TrainingSet:
    rng = torch.Generator().manual_seed(0)
    labels = torch.arange(24) % len(classes)
    images = torch.randint(0, 60, (24, 1, 8, 8), generator=rng) + 120 * labels.view(-1, 1, 1, 1)
    return TrainingSet(images.byte(), labels, classes, tuple(map(str, range(24))))


def gan(**changes: Any) -> GAN:
    return GAN(GANOptions.parse({**OPTIONS, **changes}, "gan"))


@pytest.fixture(scope="module")
def state() -> dict[str, Any]:
    """A conditional training with checkpoints at 10, 30 and 60, through a file as in a run."""
    fitted = gan(checkpoints="10,30", conditional=True)
    record = fitted.fit(train_set(), FitContext(CPU, 0))
    assert [step for step, _ in record.checkpoints] == [10, 30, 60]
    loaded: dict[str, Any] = tree_from(tree_bytes(fitted.state_dict()))
    return loaded


def loaded(state: dict[str, Any], checkpoint: str | int) -> GAN:
    """Only ``checkpoint`` and what shapes the networks are told to it."""
    other = GAN(
        GANOptions.parse({"latent_dim": 6, "conditional": True, "checkpoint": checkpoint}, "gan")
    )
    other.load_state_dict(state)
    return other


LABELS = torch.tensor([0, 1, 0, 0, 1, 1, 0])


def test_a_checkpoint_draws_what_a_training_of_its_length_would(state: dict[str, Any]) -> None:
    for steps in (10, 30, 60):
        short = gan(steps=steps, conditional=True)
        record = short.fit(train_set(), FitContext(CPU, 0))
        assert len(record.checkpoints) == 1
        images = loaded(state, steps).sample(LABELS, 3)
        assert torch.equal(images, short.sample(LABELS, 3))
    assert torch.equal(images, loaded(state, "last").sample(LABELS, 3))


def test_best_is_the_nearest(state: dict[str, Any]) -> None:
    distances = {kept["number"]: kept["distance"] for kept in state["kept"]}
    nearest = min(distances, key=distances.__getitem__)
    best = loaded(state, "best").sample(LABELS, 3)
    assert torch.equal(best, loaded(state, nearest).sample(LABELS, 3))
    # with the distances turned round, another one is
    turned = {**state, "kept": [{**k, "distance": -k["distance"]} for k in state["kept"]]}
    assert not torch.equal(best, loaded(turned, "best").sample(LABELS, 3))


def test_a_mixture_deals_each_class_in_turn(state: dict[str, Any]) -> None:
    single = {n: loaded(state, n).sample(LABELS, 3) for n in (10, 30, 60)}
    # the images of class 0 are at 0, 2, 3, 6, those of class 1 at 1, 4, 5
    turns = {"10/30": [10, 10, 30, 10, 30, 10, 30], "all": [10, 10, 30, 60, 30, 60, 10]}
    turns["dark:10/last"] = [10, 60, 10, 10, 60, 60, 10]
    turns["dark:10/dark:30/bright: very:30/best"] = [10, 30, 30, 10, 30, 30, 30]
    for checkpoint, numbers in turns.items():
        mixed = loaded(state, checkpoint).sample(LABELS, 3)
        for i, number in enumerate(numbers):
            assert torch.equal(mixed[i], single[number][i]), (checkpoint, i)


@pytest.mark.parametrize(
    ("checkpoint", "sentence"),
    [
        ("20", "no checkpoint 20; there are 10, 30 and the last, 60"),
        ("drak:10/last", "no class 'drak'. Did you mean dark"),
        ("dark:10", "says nothing of bright: very"),
    ],
)
def test_what_is_not_there(state: dict[str, Any], checkpoint: str, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        loaded(state, checkpoint).sample(LABELS, 3)


def test_a_training_of_one_class_hears_its_own_part() -> None:
    distances = {5: 0.3, 9: 0.1}

    def chosen(text: str) -> tuple[int, ...]:
        return choose(text, "dark", ("dark",), distances)

    assert chosen("crazing:7/dark:5/best") == (5,)
    assert chosen("crazing:7/best") == (9,)
    with pytest.raises(InputError, match="says nothing of dark"):
        chosen("crazing:7")
    with pytest.raises(InputError, match="there are only the last, 9"):
        choose("5", "dark", ("dark",), {9: 0.3})


def test_grammar() -> None:
    assert parse_choice("1800") == (Part(None, 1800),)
    assert parse_choice("a:b:all/last") == (Part("a:b", "all"), Part(None, "last"))
    for text in ("", "600/", "crazing", ":600", "crazing:", "-5", "0", "1.5", "Best", "600,1200"):
        with pytest.raises(InputError, match="names no checkpoint"):
            GANOptions.parse({"checkpoint": text}, "gan")
    assert GANOptions.parse({"checkpoint": 1800}, "gan").checkpoint == "1800"


@pytest.mark.parametrize("value", ["600,1200", "1200, 600,600", [600, 1200], (1200, 600)])
def test_checkpoints_as_text_and_as_list(value: Any) -> None:
    assert GANOptions.parse({"checkpoints": value}, "gan").checkpoints == (600, 1200)
    assert GANOptions.parse({"checkpoints": 600}, "gan").checkpoints == (600,)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"steps": 100, "checkpoints": "50,101"}, "101 is beyond the end of the training, 100 st"),
        ({"epochs": 100, "checkpoints": 101}, "beyond the end of the training, 100 epochs"),
        ({"checkpoints": "0,5"}, "greater than or equal to 1"),
        ({"checkpoints": "early"}, "checkpoints"),
        ({"epochs": 100, "checkpoint": 50}, "50 is not kept: checkpoints has none"),
        ({"checkpoints": "20,50", "checkpoint": "dark:30/last"}, "30 is not kept: .* 20, 50"),
    ],
)
def test_checkpoints_that_cannot_be(values: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        GANOptions.parse(values, "gan")


def test_beyond_the_default_length() -> None:
    late = gan(steps=None, checkpoints=500)
    with pytest.raises(InputError, match=r"gan for dark: .* the end of the training, 188 st"):
        late.fit(train_set(("dark",)), FitContext(CPU, 0, "gan for dark"))


def test_numbers_are_epochs_where_the_length_is(state: dict[str, Any]) -> None:
    fitted = gan(steps=None, epochs=20, checkpoints="10", conditional=True)
    record = fitted.fit(train_set(), FitContext(CPU, 0))  # 3 loops an epoch
    assert [step for step, _ in record.checkpoints] == [30, 60]
    epochs = loaded(fitted.state_dict(), 10).sample(LABELS, 3)
    assert torch.equal(epochs, loaded(state, 30).sample(LABELS, 3))


def test_decode_draws_what_sample_draws(state: dict[str, Any]) -> None:
    fitted = loaded(state, "dark:30/10/60")
    assert isinstance(fitted, LatentGenerator) and fitted.latent_dim == 6
    noise = torch.randn(len(LABELS), 6, generator=torch.Generator().manual_seed(3))
    images = fitted.decode(noise, LABELS)
    assert images.dtype == torch.float32 and images.min() >= 0 and images.max() <= 255
    # of a mixture the first one decodes
    sampled = loaded(state, "dark:30/10").sample(LABELS, 3)
    assert torch.equal(images.round().byte(), sampled)
    assert torch.equal(images, fitted.decode(noise, LABELS))  # no dropout


def test_latents_are_found_by_their_gradient(state: dict[str, Any]) -> None:
    fitted = loaded(state, "last")
    labels = torch.zeros(4, dtype=torch.int64)
    rng = torch.Generator().manual_seed(0)
    goal = fitted.decode(torch.randn(4, 6, generator=rng), labels)
    latents = torch.zeros(4, 6, requires_grad=True)
    optimizer = torch.optim.Adam([latents], 0.1)
    errors = []
    for _ in range(60):
        error = (fitted.decode(latents, labels) - goal).square().mean()
        optimizer.zero_grad()
        error.backward()
        optimizer.step()
        errors.append(float(error.detach()))
    assert errors[-1] < errors[0] / 10


def test_which_options_matter_to_sampling_alone() -> None:
    assert GAN.sampling_options == {"checkpoint"}
