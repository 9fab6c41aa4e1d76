"""Its component, which can start from a file."""

from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from neuplug import Augmenter, InputError, Options


class StillOptions(Options):
    table: Literal["none", "own", "other"] | Path = Field("none", description="where from")
    word: Literal["a", "b"] = "a"

    @model_validator(mode="after")
    def _is_there(self):
        if self.table == "other":
            raise InputError("acme-still.table = other: it is not there. Put it there.")
        return self


class Still(Augmenter):
    options_class = StillOptions

    def augment(self, images, rng):
        return images
