"""Images prepared before neuplug sees them: animals on a blue ground become silhouettes.

    uv run python examples/silhouettes.py ETH-80 SILHOUETTES
    uv run neuplug compose --recipe farhat --data SILHOUETTES

Where the coat of one animal is all that a network learns, take the coat away. What is prepared is
every image alike, without its label, so the comparison stays fair. Folders and names are kept, and
so are the groups that the folders stand for.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from PIL import Image
from scipy import ndimage

BLUER = 40  # grey levels of blue above red, from where a pixel is taken for the ground


def silhouette(photo: Image.Image) -> Image.Image:
    """White where the largest thing is that is not blue; black elsewhere."""
    red, _, blue = np.moveaxis(np.asarray(photo.convert("RGB"), dtype=np.int16), -1, 0)
    things, count = ndimage.label(blue - red < BLUER)
    if not count:
        return Image.new("L", photo.size)
    sizes = np.bincount(things.ravel())[1:]
    return Image.fromarray((things == 1 + sizes.argmax()).astype(np.uint8) * 255)


def main() -> None:
    """Write the silhouette of every image below a folder to the same place below another."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", type=Path)
    parser.add_argument("out", type=Path)
    arguments = parser.parse_args()
    files = sorted(f for f in arguments.photos.rglob("*") if f.suffix.lower() in {".png", ".jpg"})
    for file in files:
        target = (arguments.out / file.relative_to(arguments.photos)).with_suffix(".png")
        target.parent.mkdir(parents=True, exist_ok=True)
        with Image.open(file) as photo:
            silhouette(photo).save(target)
    print(f"{len(files)} silhouettes in {arguments.out}")


if __name__ == "__main__":
    main()
