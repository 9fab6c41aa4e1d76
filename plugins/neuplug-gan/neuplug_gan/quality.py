"""How good generated images are beside the training images.

The distance chooses between checkpoints. It is a squared maximum mean discrepancy with the kernel
of Binkowski et al. 2018 (arXiv:1801.01401), the cubic polynomial, in its unbiased form, between
features that no training has touched: the responses of a small convolutional network with random
weights, as Naeem et al. 2020 (arXiv:2002.09797) recommend where images are far from ImageNet. Means
and deviations of such responses describe a texture (Ustyuzhaninov et al. 2016, arXiv:1606.00021).

It is neither FID nor KID: its numbers compare checkpoints that learned from the same images, and
nothing else. It looks at training images alone, so it can neither see a generator that copies
them nor spoil the test images for a verdict.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from sklearn.metrics.pairwise import polynomial_kernel
from torch import Tensor, nn
from torch.nn import functional as F

from neuplug import FitContext, TrainingSet, derive_seed
from neuplug_gan.images import GreyRange, draw
from neuplug_gan.options import GANOptions

# No more training images are looked at
LARGEST = 1000

# Random filters of each layer; every layer halves the sides
WIDTHS = (64, 64, 128, 128)

SEED = 20020

# Below this part of the real images' diversity, training has collapsed
ALARM = 0.35

# Generated images whose diversity is measured
DIVERSITY_IMAGES = 64

# As few as 40 would leave a chance error as large as what late checkpoints differ by
DISTANCE_IMAGES = 256


def looked_at(images: int) -> Tensor:
    """The indices of at most 1000 images, spread evenly over a set of so many."""
    return torch.linspace(0, images - 1, min(images, LARGEST)).round().long()


class TrainingDistance:
    """The distance of generated images to one set of training images.

    Args:
        train: uint8 (N, C, H, W), N at least 1.
        device: Where to compute.
    """

    def __init__(self, train: Tensor, device: torch.device) -> None:
        self._device = device
        self._filters = _random_filters(train.shape[1], device)
        pixels = train.float()
        self._pixel_mean = float(pixels.mean())
        self._pixel_std = max(float(pixels.std()), 1.0)
        responses = self._responses(train)
        self._mean = responses.mean(0)
        variance = (responses - self._mean).square().mean(0)
        # half its own spread, half that of all: a filter that hardly responds is not blown up
        self._spread = (variance + variance.mean() + 1e-12).sqrt()
        self._train = self._features(responses)
        self._within = _mean_of_pairs(_kernel(self._train, self._train))

    def __call__(self, generated: Tensor) -> float:
        """The distance of uint8 (M, C, H, W), M at least 2, to the training images.

        Returns:
            Near 0 for images of the same kind (below 0 by chance, being unbiased), below 16 always.
        """
        features = self._features(self._responses(generated))
        within = _mean_of_pairs(_kernel(features, features))
        return self._within + within - 2 * float(_kernel(self._train, features).mean())

    @torch.no_grad()
    def _responses(self, images: Tensor) -> Tensor:
        """Mean and deviation over the image of every filter's response, float (N, F)."""
        parts = []
        for some in images.split(256):
            maps = (some.to(self._device).float() - self._pixel_mean) / self._pixel_std
            found = []
            for weight in self._filters:
                maps = F.relu(F.conv2d(F.pad(maps, (1, 1, 1, 1), "replicate"), weight, stride=2))
                found += [maps.mean((2, 3)), maps.var((2, 3), correction=0).sqrt()]
            parts.append(torch.cat(found, 1))
        return torch.cat(parts)

    def _features(self, responses: Tensor) -> Tensor:
        """Centred on the training images and of one length, so that no outlier rules the kernel."""
        centred = (responses - self._mean) / self._spread
        return F.normalize(centred, dim=1) * math.sqrt(centred.shape[1])


def _random_filters(channels: int, device: torch.device) -> list[Tensor]:
    rng = torch.Generator().manual_seed(SEED)
    filters = []
    for width in WIDTHS:
        # He et al. 2015: responses keep their size from layer to layer
        scale = math.sqrt(2 / (channels * 9))
        filters.append((torch.randn(width, channels, 3, 3, generator=rng) * scale).to(device))
        channels = width
    return filters


def _kernel(a: Tensor, b: Tensor) -> Tensor:
    """(x·y / d + 1)^3 for every pair, float64 (len(a), len(b))."""
    return torch.from_numpy(
        polynomial_kernel(a.double().cpu().numpy(), b.double().cpu().numpy(), degree=3, coef0=1)
    )


def _mean_of_pairs(kernel: Tensor) -> float:
    """Mean over pairs of different images; of the one image with itself if there is one only."""
    n = len(kernel)
    if n == 1:
        return float(kernel)
    return float(kernel.sum() - kernel.trace()) / (n * (n - 1))


def diversity(images: Tensor) -> float:
    """Mean distance between two images, after averaging to at most 16x16 pixels.

    Averaging leaves shape and brightness and drops pixel noise, which a collapsed generator may
    still have.

    Args:
        images: uint8 (N, C, H, W), N at least 2.

    Returns:
        Mean root mean square difference over all pairs, in grey levels (0-255).
    """
    height, width = images.shape[2:]
    flat = F.adaptive_avg_pool2d(images.float(), (min(16, height), min(16, width))).flatten(1)
    return float(torch.pdist(flat).mean() / flat.shape[1] ** 0.5)


def collapse_warning(generated: Tensor, real: Tensor, name: str) -> str | None:
    """A sentence if the generated images are far less diverse than the real ones, else ``None``.

    Args:
        generated: uint8 (N, C, H, W), N at least 2.
        real: uint8 (M, C, H, W), M at least 2.
        name: What was trained, for the sentence.
    """
    ours, theirs = diversity(generated), diversity(real)
    if theirs == 0 or ours >= ALARM * theirs:
        return None
    return (
        f"{name}: the generated images have collapsed: two of them differ by {ours:.1f} grey "
        f"levels, two real ones by {theirs:.1f}. Expect no help from them; try more images, "
        f"fewer steps or another loss."
    )


def collapse_warnings(
    generated: Tensor,
    drawn: Tensor,
    real: Tensor,
    labels: Tensor,
    name: str,
    classes: Sequence[str],
) -> list[str]:
    """The warnings of a generator of several classes, each measured by itself.

    Images of different classes differ even where a generator draws one image for each.

    Args:
        generated: uint8 (N, C, H, W).
        drawn: int64 (N,), their classes.
        real: uint8 (M, C, H, W).
        labels: int64 (M,), their classes.
        name: What was trained, for the sentences.
        classes: The classes' names. One alone needs no naming.

    Returns:
        A sentence for each class that has collapsed. A class with fewer than two images on either
        side is passed over.
    """
    found = []
    for label in drawn.unique().tolist():
        ours, theirs = generated[drawn == label], real[labels == label]
        if min(len(ours), len(theirs)) > 1:
            who = name if len(classes) == 1 else f"{name}, {classes[label]}"
            found.append(collapse_warning(ours, theirs, who))
    return [warning for warning in found if warning]


class Inspection:
    """Looks at what a generator draws along its training, from the same noise every time.

    So two looks differ by the generator's weights alone.

    Args:
        train: What it learns from.
        scale: Between its grey levels and [-1, 1].
        options: The length of the noise, and how many images a grid has.
        context: Device, seed and name of the training.
    """

    def __init__(
        self, train: TrainingSet, scale: GreyRange, options: GANOptions, context: FitContext
    ) -> None:
        self._train, self._scale, self._context = train, scale, context
        self._grid_images = options.grid_images
        rng = torch.Generator().manual_seed(derive_seed(context.seed, "grid"))
        count = max(DIVERSITY_IMAGES, options.grid_images)
        self._noise = torch.randn(count, options.latent_dim, generator=rng)
        self._labels = train.labels.unique().repeat(count)[:count]
        chosen = looked_at(len(train))
        self._distance = TrainingDistance(train.images[chosen], context.device)
        compared = max(DISTANCE_IMAGES, len(chosen))
        self._compared_noise = torch.randn(compared, options.latent_dim, generator=rng)
        self._compared_labels = train.labels[chosen].repeat(compared)[:compared]

    def grid(self, network: nn.Module) -> Tensor:
        """A grid of samples, uint8 (N, C, H, W)."""
        count = self._grid_images
        return draw(network, self._scale, self._noise[:count], self._labels[:count])

    def distance(self, network: nn.Module) -> float:
        """From what it draws to the training images."""
        images = draw(network, self._scale, self._compared_noise, self._compared_labels)
        return self._distance(images)

    def warnings(self, network: nn.Module) -> list[str]:
        """A sentence for each class of which it draws the same image over and over."""
        drawn = self._labels[:DIVERSITY_IMAGES]
        images = draw(network, self._scale, self._noise[:DIVERSITY_IMAGES], drawn)
        rng = torch.Generator().manual_seed(derive_seed(self._context.seed, "diversity"))
        some = self._train.subset(torch.randperm(len(self._train), generator=rng)[:LARGEST])
        name, classes = self._context.name, some.classes
        return collapse_warnings(images, drawn, some.images, some.labels, name, classes)
