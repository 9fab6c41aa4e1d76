"""The measures: torch-fidelity's own functions on features, fitted to few images."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor
from torch_fidelity.metric_fid import (
    KEY_METRIC_FID,
    fid_features_to_statistics,
    fid_statistics_to_metric,
)
from torch_fidelity.metric_isc import KEY_METRIC_ISC_MEAN, isc_features_to_metric
from torch_fidelity.metric_kid import KEY_METRIC_KID_MEAN, kid_features_to_metric
from torch_fidelity.metric_prc import (
    KEY_METRIC_PRECISION,
    KEY_METRIC_RECALL,
    prc_features_to_metric,
)


class Unmeasurable(Exception):
    """A measure has no value on these features; says why, without a full stop."""


def frechet_distance(generated: Tensor, real: Tensor) -> float:
    """Squared Fréchet distance between two normal distributions (Heusel et al. 2017).

    Args:
        generated: float32 (N, F), N at least 2.
        real: float32 (M, F), M at least 2.

    Raises:
        Unmeasurable: If the matrix square root fails.
    """
    ours, theirs = _in_their_span(generated, real)
    try:
        found = fid_statistics_to_metric(
            fid_features_to_statistics(ours), fid_features_to_statistics(theirs), verbose=False
        )
    except np.linalg.LinAlgError as error:
        raise Unmeasurable(f"its matrix square root failed ({error})".replace("\n", " ")) from None
    return finite(found[KEY_METRIC_FID])


def _in_their_span(generated: Tensor, real: Tensor) -> tuple[Tensor, Tensor]:
    """Both sets turned into the space that they span, where they have fewer coordinates.

    A rotation and a shift leave the distance as it is, but its cost grows with the third power of
    the coordinates: with 100 images a side, a third of a second instead of a minute.
    """
    both = torch.cat([generated, real]).double()
    both = both - both.mean(0)
    if both.shape[1] > len(both):
        both = torch.linalg.qr(both.T, mode="r").R.T
    return both[: len(generated)], both[len(generated) :]


def kernel_distance(generated: Tensor, real: Tensor, subsets: int, subset_size: int) -> float:
    """Squared maximum mean discrepancy, cubic kernel, unbiased (Bińkowski et al. 2018).

    Of images of one class; those of several are not drawn at random from one distribution, see
    :mod:`neuplug_fid.stratified`.

    Args:
        generated: float32 (N, F), N at least 2.
        real: float32 (M, F), M at least 2.
        subsets: Random subsets to average over.
        subset_size: Images in a subset; torch-fidelity refuses more than there are.

    Raises:
        Unmeasurable: If the features are too large for it.
    """
    size = min(subset_size, len(generated), len(real))
    if size == len(generated) == len(real):
        subsets = 1  # the only one there is
    with np.errstate(all="ignore"):  # the cube of large features overflows
        found = kid_features_to_metric(
            generated, real, kid_subsets=subsets, kid_subset_size=size, verbose=False
        )
    return finite(found[KEY_METRIC_KID_MEAN])


def precision_recall(generated: Tensor, real: Tensor, neighborhood: int) -> tuple[float, float]:
    """Improved precision and recall (Kynkäänniemi et al. 2019).

    Args:
        generated: float32 (N, F), N above ``neighborhood``.
        real: float32 (M, F), M above ``neighborhood``.
        neighborhood: Which nearest neighbour gives the radius around an image.

    Returns:
        Part of the generated images near real ones, and part of the real near generated ones.
    """
    found = prc_features_to_metric(generated, real, prc_neighborhood=neighborhood, verbose=False)
    return found[KEY_METRIC_PRECISION], found[KEY_METRIC_RECALL]


def inception_score(logits: Tensor, splits: int) -> float:
    """Inception score (Salimans et al. 2016), the mean over splits.

    Args:
        logits: float32 (N, classes), in the order of the images.
        splits: Parts, no more than there are images.
    """
    return finite(isc_features_to_metric(logits, min(splits, len(logits)))[KEY_METRIC_ISC_MEAN])


def finite(value: float) -> float:
    """The value itself.

    Raises:
        Unmeasurable: If it is none.
    """
    if not math.isfinite(value):
        raise Unmeasurable("its value is not finite")
    return value
