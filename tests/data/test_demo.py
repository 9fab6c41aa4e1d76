"""The demo data: the same for everybody, varied, and neither hopeless nor trivial to classify."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.ensemble import RandomForestClassifier

from neuplug import ImageSet, InputError
from neuplug.data.demo import demo_set

CLASSES = ("crazing", "inclusion", "patches", "pitted_surface", "rolled-in_scale", "scratches")


@pytest.fixture(scope="module")
def demo() -> ImageSet:
    return demo_set()


def test_contents(demo: ImageSet) -> None:
    assert demo.images.shape == (840, 1, 48, 48)
    assert demo.counts() == dict.fromkeys(CLASSES, 140)
    assert demo.ids[0] == "crazing/0001"
    assert demo.ids[-1] == "scratches/0140"
    assert len(set(demo.ids)) == 840
    assert all(i.startswith(CLASSES[c]) for i, c in zip(demo.ids, demo.labels, strict=True))


def test_same_seed_same_images() -> None:
    once, again, other = (
        demo_set(per_class=3, seed=7),
        demo_set(per_class=3, seed=7),
        demo_set(per_class=3, seed=8),
    )
    assert once.digest() == again.digest()
    assert (once.images != other.images).any(dim=(1, 2, 3)).all()


def test_a_larger_set_begins_with_the_smaller(demo: ImageSet) -> None:
    few = demo_set(per_class=5)
    for label in range(len(CLASSES)):
        assert torch.equal(few.of_class(label).images, demo.of_class(label).images[:5])
        assert few.of_class(label).ids == demo.of_class(label).ids[:5]


def test_global_generators_are_left_alone() -> None:
    np.random.seed(1)
    torch.manual_seed(1)
    state = np.random.get_state()[1].copy(), torch.get_rng_state()
    demo_set(per_class=1)
    assert (np.random.get_state()[1] == state[0]).all()
    assert torch.equal(torch.get_rng_state(), state[1])


@pytest.mark.parametrize("size", [(28, 28), (33, 47), (64, 200), (200, 64), (256, 256)])
def test_sizes(size: tuple[int, int]) -> None:
    images = demo_set(size, per_class=2).images
    assert images.shape == (12, 1, *size)
    assert (images.float().std((1, 2, 3)) > 1).all()


@pytest.mark.parametrize(("size", "per_class"), [((27, 64), 5), ((64, 27), 5), ((48, 48), 0)])
def test_too_small(size: tuple[int, int], per_class: int) -> None:
    with pytest.raises(InputError, match=r"at least (28x28|1 per class)"):
        demo_set(size, per_class)


def test_no_two_images_are_nearly_equal(demo: ImageSet) -> None:
    pixels = demo.images.flatten(1).float()
    difference = torch.cdist(pixels, pixels) / pixels.shape[1] ** 0.5  # RMS, grey levels
    difference.fill_diagonal_(torch.inf)
    assert difference.min() > 3


def test_the_images_of_a_class_vary(demo: ImageSet) -> None:
    for label in range(len(CLASSES)):
        images = demo.of_class(label).images.float()
        brightness, contrast = images.mean((1, 2, 3)), images.std((1, 2, 3))
        assert brightness.std() > 5
        assert contrast.quantile(0.9) > 1.5 * contrast.quantile(0.1)
        # nothing sits in one place: the average image is much flatter than any one image
        assert images.mean(0).std() < 0.5 * contrast.median()


def _features(images: torch.Tensor) -> np.ndarray:
    """Grey-value quantiles, and how rough the image is along each axis at three scales."""
    grey = images.float() / 255
    levels = torch.tensor([0.0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1.0])
    columns = [torch.quantile(grey.flatten(1), levels, dim=1)]
    for scale in (1, 2, 4):
        small = torch.nn.functional.avg_pool2d(grey, scale)
        for axis in (2, 3):
            step = small.diff(dim=axis).flatten(1)
            columns.append(torch.stack([step.std(1), step.abs().amax(1)]))
    return torch.cat(columns).T.numpy()


def test_classes_can_be_told_apart_but_not_perfectly(demo: ImageSet) -> None:
    features, labels = _features(demo.images), demo.labels.numpy()
    train = np.arange(len(demo)) % 140 < 40
    forest = RandomForestClassifier(200, random_state=0).fit(features[train], labels[train])
    right = forest.predict(features[~train]) == labels[~train]
    assert 0.5 < right.mean() < 0.95  # chance is 0.17
    for label in range(len(CLASSES)):
        assert right[labels[~train] == label].mean() > 0.3
