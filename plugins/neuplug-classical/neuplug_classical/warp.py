"""One warp for any number of geometric operations.

Affine operations of a chain multiply into one matrix. Where a displacement field is among them,
the places of the output pixels are traced back through the whole chain. Either way the image
itself is sampled once, so nothing is blurred or cut off twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from neuplug_classical.affine import Matrices, Size
from neuplug_classical.elastic import Displacements

BORDERS = {
    "reflect_101": cv2.BORDER_REFLECT_101,
    "reflect": cv2.BORDER_REFLECT,
    "replicate": cv2.BORDER_REPLICATE,
    "wrap": cv2.BORDER_WRAP,
    "constant": cv2.BORDER_CONSTANT,
}
INTERPOLATIONS = {
    "nearest": cv2.INTER_NEAREST,
    "linear": cv2.INTER_LINEAR,
    "cubic": cv2.INTER_CUBIC,
}

# cv2.flip's code for the signs of x and y
_FLIP_CODES = {(-1, 1): 1, (1, -1): 0, (-1, -1): -1}
_EXACT = 1e-9


@dataclass(frozen=True)
class Sampling:
    """How an image is sampled.

    Attributes:
        border: A key of :data:`BORDERS`.
        interpolation: A key of :data:`INTERPOLATIONS`.
    """

    border: str = "reflect_101"
    interpolation: str = "linear"


class Warp:
    """What the geometric operations of a chain do to each image of a batch.

    Args:
        operations: What each operation drew, in the order of the chain.
        size: (height, width) of the images.
        sampling: How to sample between pixels and beyond the border.
    """

    def __init__(
        self, operations: Sequence[Matrices | Displacements], size: Size, sampling: Sampling
    ) -> None:
        self.operations = operations
        self.size = size
        self.border = BORDERS[sampling.border]
        self.interpolation = INTERPOLATIONS[sampling.interpolation]
        self.centre = np.array([(size[1] - 1) / 2, (size[0] - 1) / 2])
        matrices = [o for o in operations if not isinstance(o, Displacements)]
        fields = [o.applied for o in operations if isinstance(o, Displacements)]
        count = len(matrices[0]) if matrices else len(fields[0])
        product = np.tile(np.eye(3), (count, 1, 1))
        for matrix in matrices:
            product = matrix @ product
        self.deformed = np.logical_or.reduce(fields, axis=0).tolist() if fields else [False] * count
        self.symmetries = _symmetries(product, square=size[0] == size[1])
        self.matrices = self._from_corner(product)

    def _from_corner(self, product: Matrices) -> Matrices:
        """The same maps for points counted from the first pixel, as OpenCV does."""
        to_centre, back = np.eye(3), np.eye(3)
        to_centre[:2, 2], back[:2, 2] = -self.centre, self.centre
        maps: Matrices = back @ product @ to_centre
        return maps

    def __call__(self, image: NDArray[np.uint8], index: int) -> NDArray[np.uint8]:
        """Return image number ``index`` of the batch, warped once, or permuted."""
        warped: NDArray[np.uint8]
        if self.deformed[index]:
            x, y = self._sources(index)
            warped = cv2.remap(image, x, y, self.interpolation, borderMode=self.border)
        elif (symmetry := self.symmetries[index]) is not None:
            warped = symmetry(image)
        else:
            matrix, width_height = self.matrices[index, :2], self.size[::-1]
            warped = cv2.warpAffine(
                image, matrix, width_height, flags=self.interpolation, borderMode=self.border
            )
        return warped

    def _sources(self, index: int) -> NDArray[np.float32]:
        """Where each output pixel comes from, float32 (2, H, W), x and y from the first pixel."""
        height, width = self.size
        centre = self.centre.astype(np.float32)[:, None, None]
        grid = np.indices((height, width), dtype=np.float32)[::-1]
        points, on_grid = grid - centre, True
        for operation in reversed(self.operations):
            if not isinstance(operation, Displacements):
                inverse = np.linalg.inv(operation[index]).astype(np.float32)
                flat = inverse[:2, :2] @ points.reshape(2, -1) + inverse[:2, 2:]
                points, on_grid = flat.reshape(2, height, width), False
            elif operation.applied[index]:
                field = operation.field(index)
                points = points + (field if on_grid else _look_up(field, points + centre))
                on_grid = False
        sources: NDArray[np.float32] = points + centre
        return sources


class Symmetry(NamedTuple):
    """A map that only permutes pixels: transpose or not, then flip or not.

    Attributes:
        transpose: Whether x and y change places first.
        signs: -1 where x, y are mirrored afterwards, else 1.
    """

    transpose: bool
    signs: tuple[int, int]

    def __call__(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return ``image`` (H, W) or (H, W, C) permuted, or itself if nothing is to be done."""
        turned: NDArray[np.uint8] = cv2.transpose(image) if self.transpose else image
        code = _FLIP_CODES.get(self.signs)
        return turned if code is None else cv2.flip(turned, code)


def _symmetries(product: Matrices, square: bool) -> list[Symmetry | None]:
    """For each matrix the symmetry of the image that it is, or ``None`` where pixels mix."""
    whole = np.rint(product)
    permutes = (np.abs(whole[:, :2, :2]).sum(axis=1) == 1).all(axis=1)
    permutes &= (np.abs(product - whole) < _EXACT).all(axis=(1, 2))
    permutes &= (whole[:, :2, 2] == 0).all(axis=1)
    transposes = whole[:, 0, 0] == 0
    if not square:
        permutes &= ~transposes
    signs = whole[:, :2, :2].sum(axis=2).astype(int)
    return [
        Symmetry(transpose, (x, y)) if permute else None
        for permute, transpose, (x, y) in zip(
            permutes.tolist(), transposes.tolist(), signs.tolist(), strict=True
        )
    ]


def _look_up(field: NDArray[np.float32], places: NDArray[np.float32]) -> NDArray[np.float32]:
    """The field at ``places`` (2, H, W) between and beyond its grid points."""
    found = cv2.remap(
        np.ascontiguousarray(field.transpose(1, 2, 0)),
        places[0],
        places[1],
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REFLECT_101,
    )
    moved: NDArray[np.float32] = found.transpose(2, 0, 1)
    return moved
