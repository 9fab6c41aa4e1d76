"""The augmenters that the plugin offers, each a few steps of a pipeline."""

from __future__ import annotations

from functools import partial

from neuplug_classical import affine, elastic, options, pixel
from neuplug_classical.pipeline import ClassicalAugmenter, Step
from neuplug_classical.pixel import PixelStep


class Flip(ClassicalAugmenter):
    """Mirror left-right and top-bottom; never interpolates."""

    options_class = options.FlipOptions

    def _build(self) -> tuple[Step, ...]:
        return (partial(affine.flip, self.options),)


class Rotate(ClassicalAugmenter):
    """Rotate about the centre."""

    options_class = options.RotateOptions

    def _build(self) -> tuple[Step, ...]:
        return (partial(affine.rotate, self.options),)


class Zoom(ClassicalAugmenter):
    """Enlarge or shrink about the centre; the image keeps its size."""

    options_class = options.ZoomOptions

    def _build(self) -> tuple[Step, ...]:
        return (partial(affine.zoom, self.options),)


class Translate(ClassicalAugmenter):
    """Shift by whole pixels."""

    options_class = options.TranslateOptions

    def _build(self) -> tuple[Step, ...]:
        return (partial(affine.translate, self.options),)


class Shear(ClassicalAugmenter):
    """Slant along x and along y about the centre."""

    options_class = options.ShearOptions

    def _build(self) -> tuple[Step, ...]:
        return (partial(affine.shear, self.options),)


class Elastic(ClassicalAugmenter):
    """Deform by a smooth random displacement field."""

    options_class = options.ElasticOptions

    def _build(self) -> tuple[Step, ...]:
        return (partial(elastic.displacements, self.options),)


class Noise(ClassicalAugmenter):
    """Add independent Gaussian noise to each pixel and channel."""

    options_class = options.NoiseOptions

    def _build(self) -> tuple[Step, ...]:
        return (PixelStep(partial(pixel.noise, self.options)),)


class Color(ClassicalAugmenter):
    """Vary brightness and contrast, and of RGB images saturation and hue."""

    options_class = options.ColorOptions

    def _build(self) -> tuple[Step, ...]:
        return (PixelStep(partial(pixel.color, self.options)),)


class Blur(ClassicalAugmenter):
    """Smooth with a Gaussian filter."""

    options_class = options.BlurOptions

    def _build(self) -> tuple[Step, ...]:
        return (PixelStep(partial(pixel.blur, self.options)),)


class Sharpen(ClassicalAugmenter):
    """Enhance edges with a Laplacian."""

    options_class = options.SharpenOptions

    def _build(self) -> tuple[Step, ...]:
        return (PixelStep(partial(pixel.sharpen, self.options)),)


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
