"""The options of ``fid``. What would fail after hours of training is refused here."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from neuplug import Augmenter, InputError, Options, load

CLASSIFIER = "classifier"
INCEPTION = "inception-v3-compat"


class FIDOptions(Options):
    """Options of ``fid``. Names and defaults are torch-fidelity's where it has them."""

    extractor: str = Field(
        CLASSIFIER,
        description="whose features are compared: classifier, one trained on the run's real "
        "training images; or one of torch-fidelity's: inception-v3-compat (for FID, and KID of a "
        "single class, as published), vgg16, clip-rn50, clip-vit-b-32 and other CLIPs",
    )
    weights: Path | None = Field(
        None, description="the extractor's weights; by default its file in torch's hub folder"
    )
    layer: str | None = Field(
        None, description="feature layer for fid, kid, prc and dc; by default the extractor's own"
    )
    fid: bool = Field(True, description="Fréchet distance")
    kid: bool = Field(True, description="kernel distance")
    prc: bool = Field(True, description="precision and recall")
    dc: bool = Field(True, description="density and coverage")
    extrapolate: bool = Field(
        True, description="also fid extrapolated to infinitely many images, where there are enough"
    )
    intervals: bool = Field(
        True, description="bootstrap 95 % intervals of kid and of the extrapolated fid"
    )
    fid_per_class: bool = Field(
        False, description="also fid of each class, to compare with papers that report it"
    )
    kid_per_class: bool = Field(True, description="also kid of each class")
    kid_subsets: int = Field(
        100,
        ge=1,
        description="subsets that kid of a single class is averaged over; kid of several takes all "
        "images at once",
    )
    kid_subset_size: int = Field(
        1000, ge=2, description="images in a subset; at most as many as the smaller set has"
    )
    prc_neighborhood: int = Field(3, ge=1, description="which nearest neighbour gives the radius")
    dc_neighborhood: int | None = Field(
        None,
        ge=1,
        description="the same for density and coverage; by default the smallest by which a perfect "
        "generator expects a coverage of 0.95 with as many images",
    )
    batch_size: int = Field(64, ge=1, description="batch size of the extractor")
    sets: int = Field(
        1,
        ge=1,
        description="number of sets; above 1 each is drawn anew, as large as the real one, "
        "and mean and standard deviation are reported",
    )
    halvings: int = Field(
        5, ge=0, description="random halvings of the real images that the floor is averaged over"
    )
    reference: Literal["train", "test"] = Field(
        "train", description="the real images to compare with"
    )
    against: Literal["real", "augmented", "both"] = Field(
        "real", description="compare with the real images, with augmented ones, or with each"
    )
    augmenter: str = Field("classical", description="what makes the augmented images")
    augmenter_options: dict[str, Any] = Field({}, description="its options")

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if not (self.fid or self.kid or self.prc or self.dc):
            raise ValueError("there is nothing to measure; set one of fid, kid, prc, dc to true")
        if self.extractor == CLASSIFIER and (self.weights or self.layer):
            raise ValueError(
                "weights and layer belong to the extractors of torch-fidelity; "
                f"extractor={CLASSIFIER} is trained in the run"
            )
        if self.against != "real" and self.reference == "test":
            raise ValueError("augmented images are of the training images; add reference=train")
        if self.against == "real" and self.augmenter_options:
            raise ValueError("augmenter_options only applies with against=augmented or both")
        if self.against != "real":
            self.load_augmenter()
        return self

    def load_augmenter(self) -> Augmenter:
        """The augmenter that these options name.

        Raises:
            InputError: If there is none, or its options are wrong.
        """
        found = load(self.augmenter, **self.augmenter_options)
        if not isinstance(found, Augmenter):
            raise InputError(f"fid.augmenter = {self.augmenter}: that is not an augmenter.")
        return found
