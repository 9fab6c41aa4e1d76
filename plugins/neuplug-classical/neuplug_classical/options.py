"""The options of every operation. This module loads nothing but pydantic.

A range is a pair of options ``min_<x>`` and ``max_<x>``; an amount is drawn from it uniformly,
for each image anew. Every probability is 0.5 unless set, as in albumentations.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import Field, create_model, model_validator

from neuplug import Options

Probability = Annotated[float, Field(ge=0, le=1)]
Factor = Annotated[float, Field(ge=0.1, le=10)]
Share = Annotated[float, Field(ge=-1, le=1)]
Slant = Annotated[float, Field(ge=-40, le=40)]  # tan 40° < 1: no shear folds the image up
Degrees = Annotated[float, Field(ge=-360, le=360)]
Gain = Annotated[float, Field(ge=0, le=10)]
Turn = Annotated[float, Field(ge=-0.5, le=0.5)]
Fraction = Annotated[float, Field(ge=0, le=1)]
Part = Annotated[float, Field(gt=0, le=1)]
Sigma = Annotated[float, Field(ge=0.1, le=20)]
Displacement = Annotated[float, Field(ge=0, le=0.2)]

APPLIED = "Probability that an image is changed."


class ClassicalOptions(Options):
    """What all operations have."""

    threads: int = Field(
        1, ge=1, le=64, description="Number of threads. The result does not depend on it."
    )

    @model_validator(mode="after")
    def _ranges_are_ordered(self) -> Self:
        for name in type(self).model_fields:
            upper = name.replace("min_", "max_")
            if upper != name and getattr(self, name) > getattr(self, upper):
                low, high = getattr(self, name), getattr(self, upper)
                raise ValueError(f"{name} = {low} is above {upper} = {high}")
        return self


class WarpOptions(ClassicalOptions):
    """What the operations have that may sample between pixels."""

    border: Literal["reflect_101", "reflect", "replicate", "wrap", "constant"] = Field(
        "reflect_101",
        description="Pixels outside the image: its mirror image without or with the border "
        "pixel repeated, the border pixel, the image again, or black.",
    )
    interpolation: Literal["nearest", "linear", "cubic"] = Field(
        "linear", description="How to interpolate between pixels."
    )


class FlipOptions(ClassicalOptions):
    """Options of ``flip``."""

    horizontal: Probability = Field(0.5, description="Probability of mirroring left-right.")
    vertical: Probability = Field(0.5, description="Probability of mirroring top-bottom.")


class ZoomOptions(WarpOptions):
    """Options of ``zoom``."""

    probability: Probability = Field(0.5, description=APPLIED)
    min_factor: Factor = Field(1.0, description="Smallest scale factor; above 1 enlarges.")
    max_factor: Factor = Field(1.2, description="Largest scale factor.")


class RotateOptions(WarpOptions):
    """Options of ``rotate``."""

    probability: Probability = Field(0.5, description=APPLIED)
    min_degrees: Degrees = Field(-180, description="Smallest angle, counter-clockwise.")
    max_degrees: Degrees = Field(180, description="Largest angle, counter-clockwise.")


class TranslateOptions(WarpOptions):
    """Options of ``translate``."""

    probability: Probability = Field(0.5, description=APPLIED)
    min_x: Share = Field(-0.1, description="Smallest right shift, as a fraction of the width.")
    max_x: Share = Field(0.1, description="Largest right shift, as a fraction of the width.")
    min_y: Share = Field(-0.1, description="Smallest shift down, as a fraction of the height.")
    max_y: Share = Field(0.1, description="Largest shift down, as a fraction of the height.")


class ShearOptions(WarpOptions):
    """Options of ``shear``."""

    probability: Probability = Field(0.5, description=APPLIED)
    min_x: Slant = Field(-10, description="Smallest slant along x in degrees: lower rows go right.")
    max_x: Slant = Field(10, description="Largest slant along x in degrees.")
    min_y: Slant = Field(-10, description="Smallest slant along y in degrees: right columns drop.")
    max_y: Slant = Field(10, description="Largest slant along y in degrees.")


class ElasticOptions(WarpOptions):
    """Options of ``elastic``. Lengths are parts of the shorter side, so they suit every size."""

    probability: Probability = Field(0.5, description=APPLIED)
    min_displacement: Displacement = Field(
        0.005,
        description="Smallest RMS displacement, as a fraction of the shorter side.",
    )
    max_displacement: Displacement = Field(
        0.02,
        description="Largest RMS displacement, as a fraction of the shorter side.",
    )
    smoothness: float = Field(
        0.06,
        ge=0.01,
        le=0.5,
        description="Standard deviation of the Gaussian filter that smooths the field, "
        "as part of the shorter side.",
    )


class NoiseOptions(ClassicalOptions):
    """Options of ``noise``."""

    probability: Probability = Field(0.5, description=APPLIED)
    min_std: Fraction = Field(0.01, description="Smallest standard deviation, a fraction of 255.")
    max_std: Fraction = Field(0.05, description="Largest standard deviation, a fraction of 255.")


class ColorOptions(ClassicalOptions):
    """Options of ``color``. Grey images have brightness and contrast only."""

    probability: Probability = Field(0.5, description=APPLIED)
    min_brightness: Gain = Field(0.8, description="Smallest factor on the pixels.")
    max_brightness: Gain = Field(1.2, description="Largest factor on the pixels.")
    min_contrast: Gain = Field(0.8, description="Smallest factor on the distance from the mean.")
    max_contrast: Gain = Field(1.2, description="Largest factor on the distance from the mean.")
    min_saturation: Gain = Field(0.8, description="Smallest factor on the distance from grey.")
    max_saturation: Gain = Field(1.2, description="Largest factor on the distance from grey.")
    min_hue: Turn = Field(-0.02, description="Smallest hue shift, as a fraction of a full turn.")
    max_hue: Turn = Field(0.02, description="Largest hue shift, as a fraction of a full turn.")


class BlurOptions(ClassicalOptions):
    """Options of ``blur``."""

    probability: Probability = Field(0.5, description=APPLIED)
    min_sigma: Sigma = Field(0.5, description="Smallest standard deviation in pixels.")
    max_sigma: Sigma = Field(1.5, description="Largest standard deviation in pixels.")


class SharpenOptions(ClassicalOptions):
    """Options of ``sharpen``."""

    probability: Probability = Field(0.5, description=APPLIED)
    min_amount: Fraction = Field(0.2, description="Smallest weight of the sharpened image.")
    max_amount: Fraction = Field(0.5, description="Largest weight of the sharpened image.")


class CropOptions(WarpOptions):
    """Options of ``crop``."""

    probability: Probability = Field(0.5, description=APPLIED)
    min_area: Part = Field(0.5, description="Smallest part of the area that is kept.")
    max_area: Part = Field(1.0, description="Largest part of the area that is kept.")
    min_ratio: Factor = Field(0.75, description="Smallest aspect ratio, beside the image's.")
    max_ratio: Factor = Field(1.33, description="Largest aspect ratio, beside the image's.")


class ErasingOptions(ClassicalOptions):
    """Options of ``erasing``."""

    probability: Probability = Field(0.5, description=APPLIED)
    min_area: Part = Field(0.02, description="Smallest part of the area that is erased.")
    max_area: Part = Field(0.33, description="Largest part of the area that is erased.")
    min_ratio: Factor = Field(0.3, description="Smallest aspect ratio of what is erased.")
    max_ratio: Factor = Field(3.3, description="Largest aspect ratio of what is erased.")
    fill: Literal["black", "noise"] = Field(
        "black", description="What is there afterwards: black, or noise of all grey levels."
    )


class TrivialOptions(WarpOptions):
    """Options of ``trivial``."""


class RandAugmentOptions(WarpOptions):
    """Options of ``randaugment``."""

    operations: int = Field(2, ge=0, le=14, description="Number of operations on each image.")
    magnitude: int = Field(9, ge=0, le=30, description="Strength of them; 30 is the largest.")


class AugMixOptions(WarpOptions):
    """Options of ``augmix``."""

    severity: int = Field(3, ge=1, le=10, description="Strength of the operations; 10 is the most.")
    chains: int = Field(3, ge=1, le=10, description="Number of chains that are mixed.")
    depth: int = Field(0, ge=0, le=10, description="Operations in a chain; 0: one to three.")
    alpha: float = Field(
        1.0, gt=0, le=100, description="Of the Dirichlet and beta distributions of the weights."
    )


# The operations of ``classical``, in the order in which it applies them
TOGETHER: dict[str, type[ClassicalOptions]] = {
    "flip": FlipOptions,
    "zoom": ZoomOptions,
    "rotate": RotateOptions,
    "translate": TranslateOptions,
}

_Part = TypeVar("_Part", bound=ClassicalOptions)


def _own_fields(model: type[ClassicalOptions]) -> list[str]:
    return [name for name in model.model_fields if name not in WarpOptions.model_fields]


_prefixed: dict[str, Any] = {
    f"{operation}_{name}": (model.model_fields[name].annotation, model.model_fields[name])
    for operation, model in TOGETHER.items()
    for name in _own_fields(model)
}

TogetherOptions = create_model(
    "TogetherOptions",
    __base__=WarpOptions,
    __doc__="Options of ``classical``: those of its operations as ``<operation>_<option>``.",
    **_prefixed,
)


def part(options: WarpOptions, operation: str, model: type[_Part]) -> _Part:
    """The options of one operation of ``classical``.

    Args:
        options: A ``TogetherOptions``.
        operation: A key of :data:`TOGETHER`.
        model: Its value there.
    """
    return model(**{name: getattr(options, f"{operation}_{name}") for name in _own_fields(model)})
