"""albumentations, imported without its look-up of newer versions.

Every module of the package takes albumentations from here, so the variable is always set first.
"""

from __future__ import annotations

import os

os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"

import albumentations
from albumentations.augmentations.geometric import functional as geometric

__all__ = ["albumentations", "geometric"]
