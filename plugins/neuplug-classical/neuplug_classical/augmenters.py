"""The augmenters that the plugin offers, each a few steps of a pipeline."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from neuplug_classical import affine, elastic, options
from neuplug_classical.pipeline import ClassicalAugmenter, PixelStep, PolicyStep, Step


class Flip(ClassicalAugmenter):
    """Mirror left-right and top-bottom; never interpolates."""

    options_class = options.FlipOptions
    operation = staticmethod(affine.flip)


class Rotate(ClassicalAugmenter):
    """Rotate about the centre."""

    options_class = options.RotateOptions
    operation = staticmethod(affine.rotate)


class Zoom(ClassicalAugmenter):
    """Enlarge or shrink about the centre; the image keeps its size."""

    options_class = options.ZoomOptions
    operation = staticmethod(affine.zoom)


class Translate(ClassicalAugmenter):
    """Shift by whole pixels."""

    options_class = options.TranslateOptions
    operation = staticmethod(affine.translate)


class Shear(ClassicalAugmenter):
    """Slant along x and along y about the centre."""

    options_class = options.ShearOptions
    operation = staticmethod(affine.shear)


class Crop(ClassicalAugmenter):
    """Enlarge a random part of the image to its size."""

    options_class = options.CropOptions
    operation = staticmethod(affine.crop)


class Elastic(ClassicalAugmenter):
    """Deform by a smooth random displacement field."""

    options_class = options.ElasticOptions
    operation = staticmethod(elastic.displacements)


class _PixelAugmenter(ClassicalAugmenter):
    transform: ClassVar[str]  # the function of neuplug_classical.pixel that makes it
    shaped: ClassVar[bool] = False

    def _build(self) -> tuple[Step, ...]:
        from neuplug_classical import pixel  # loads what no other augmenter needs

        return (PixelStep(partial(getattr(pixel, self.transform), self.options), self.shaped),)


class Noise(_PixelAugmenter):
    """Add independent Gaussian noise to each pixel and channel."""

    options_class = options.NoiseOptions
    transform = "noise"


class Color(_PixelAugmenter):
    """Vary brightness and contrast, and of RGB images saturation and hue."""

    options_class = options.ColorOptions
    transform = "color"


class Blur(_PixelAugmenter):
    """Smooth with a Gaussian filter."""

    options_class = options.BlurOptions
    transform = "blur"


class Sharpen(_PixelAugmenter):
    """Enhance edges with a Laplacian."""

    options_class = options.SharpenOptions
    transform = "sharpen"


class Erasing(_PixelAugmenter):
    """Erase a rectangle of random size, shape and place."""

    options_class = options.ErasingOptions
    transform = "erasing"
    shaped = True


class _Policy(ClassicalAugmenter):
    policy: ClassVar[str]  # the function of neuplug_classical.policies that draws it

    def _build(self) -> tuple[Step, ...]:
        from neuplug_classical import policies  # loads torchvision

        return (PolicyStep(partial(getattr(policies, self.policy), self.options)),)


class Trivial(_Policy):
    """TrivialAugment, the wide space: one operation of any strength."""

    options_class = options.TrivialOptions
    policy = "trivial"


class RandAugment(_Policy):
    """Some operations of one strength, one after the other."""

    options_class = options.RandAugmentOptions
    policy = "randaugment"


class AugMix(_Policy):
    """The image mixed with what chains of operations make of it."""

    options_class = options.AugMixOptions
    policy = "augmix"


class Classical(ClassicalAugmenter):
    """Flip, zoom, rotate and translate, in this order and in one warp.

    It draws and does what the fused chain ``flip+zoom+rotate+translate`` does.
    """

    options_class = options.TogetherOptions

    def _build(self) -> tuple[Step, ...]:
        of = partial(options.part, self.options)
        return (
            partial(affine.flip, of("flip", options.FlipOptions)),
            partial(affine.zoom, of("zoom", options.ZoomOptions)),
            partial(affine.rotate, of("rotate", options.RotateOptions)),
            partial(affine.translate, of("translate", options.TranslateOptions)),
        )
