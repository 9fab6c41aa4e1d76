"""What ``vae`` can be told."""

from __future__ import annotations

from pydantic import Field

from neuplug import Options


class VAEOptions(Options):
    """Options of ``vae``."""

    steps: int = Field(1000, ge=1, description="training steps")
    batch: int = Field(16, ge=1, description="batch size")
    lr: float = Field(
        1e-3, gt=0, description="Adam's learning rate at the start; it falls to 0 along a cosine"
    )
    latent_dim: int = Field(32, ge=1, description="length of the latent vector z")
    width: int = Field(
        16,
        ge=1,
        description="feature maps beside the image; doubled at every halving, at most 8 times",
    )
    beta: float = Field(
        0.004,
        ge=0,
        allow_inf_nan=False,
        description="weight of the KL divergence beside half the mean square error, which is "
        "measured by the training images' own variance",
    )
    conditional: bool = Field(False, description="one network for all classes, told the label")
    noise: bool = Field(
        False,
        description="sampling: add to each pixel white noise as large as the reconstruction error",
    )
    grids: int = Field(8, ge=1, description="sample grids kept during training")
    grid_images: int = Field(16, ge=1, description="images of a sample grid")
