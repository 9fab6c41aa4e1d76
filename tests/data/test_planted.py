"""A hundred copies of NEU's images, planted as files, are found when the set is loaded."""

from __future__ import annotations

import random
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image, ImageEnhance, ImageOps

from neuplug.data.dataset import load_dataset
from neuplug.data.splits import draw_split

Change = Callable[[Image.Image, random.Random], Image.Image]

# Seen with the eyes, and equal to the pixel where they overlap: NEU's images are cut from larger
# photographs, and some of the cuts overlap, those of scratches also turned by a quarter.
OVERLAPPING = """
    crazing 132 134, crazing 193 194, crazing 201 203, crazing 260 261, inclusion 4 9,
    rolled-in_scale 4 5, pitted_surface 202 204, scratches 116 119,
    inclusion 60 62, inclusion 116 119, inclusion 151 162,
    inclusion 156 167, inclusion 260 261, patches 2 5, patches 57 59, patches 189 193,
    patches 199 201, pitted_surface 6 8, pitted_surface 171 292, pitted_surface 192 287,
    scratches 4 5, scratches 9 299, scratches 24 298, scratches 27 295, scratches 30 296,
    scratches 31 297, scratches 53 60, scratches 58 62, scratches 107 287, scratches 146 147,
    scratches 152 277, scratches 154 269, scratches 166 280, scratches 175 262, scratches 176 262,
    scratches 178 185, scratches 184 255, scratches 189 251, scratches 192 250, scratches 199 234,
    scratches 215 241, scratches 220 240, scratches 221 243, scratches 232 247"""


def brightened(image: Image.Image, rng: random.Random) -> Image.Image:
    return ImageEnhance.Brightness(image).enhance(rng.uniform(0.6, 1.4))


def resized(image: Image.Image, rng: random.Random) -> Image.Image:
    side = int(image.width * rng.uniform(0.4, 1.6))
    return image.resize((side, side), Image.Resampling.BICUBIC)


def flipped(image: Image.Image, rng: random.Random) -> Image.Image:
    turned = image.rotate(90 * rng.randrange(4))
    return ImageOps.mirror(turned) if rng.random() < 0.5 else ImageOps.flip(turned)


def mixed(image: Image.Image, rng: random.Random) -> Image.Image:
    return resized(brightened(flipped(image, rng), rng), rng)


KINDS: dict[str, tuple[Change, int]] = {  # with the quality of the JPEG that is written
    "encoded again": (lambda image, rng: image, 40),
    "resized": (resized, 95),
    "flipped": (flipped, 95),
    "brightened": (brightened, 95),
    "mixed": (mixed, 60),
}


def class_of(path: Path) -> str:
    return path.stem.rpartition("_")[0]


@pytest.mark.slow
def test_planted_in_neu(shared_data: Path, tmp_path: Path) -> None:
    rng = random.Random(0)
    folder = tmp_path / "neu"
    folder.mkdir()
    originals = sorted((shared_data / "neu-det" / "IMAGES").glob("*.jpg"))
    for path in originals:
        (folder / class_of(path)).mkdir(exist_ok=True)
        shutil.copy(path, folder / class_of(path) / path.name)
    source: dict[str, tuple[str, str]] = {}
    kinds = [kind for kind in KINDS for _ in range(20)]
    for number, (kind, path) in enumerate(zip(kinds, rng.sample(originals, 100), strict=True)):
        change, quality = KINDS[kind]
        name = f"{class_of(path)}/{1000 + number}.jpg"
        with Image.open(path) as image:
            change(image.convert("L"), rng).save(folder / name, quality=quality)
        source[name] = (f"{class_of(path)}/{path.name}", kind)

    dataset = load_dataset(folder, imgsz=(64, 64))
    groups = dict(zip(dataset.images.ids, dataset.groups, strict=True))
    hits = Counter(kind for name, (path, kind) in source.items() if groups[name] == groups[path])
    # lost: of one hardly anything is left but white, of another but the blocks of the JPEG
    assert all(hits[kind] == 20 for kind in ("encoded again", "resized", "flipped"))
    assert hits["brightened"] >= 19
    assert hits["mixed"] >= 19

    # all else that is bound are images of NEU that show the same indeed
    known = {frozenset({"patches/patches_101.jpg", "patches/patches_105.jpg"})}
    for words in OVERLAPPING.replace("\n", " ").split(","):
        name, first, second = words.split()
        known.add(frozenset(f"{name}/{name}_{number}.jpg" for number in (first, second)))
    bound = [*dataset.report.exact, *(pair[:2] for pair in dataset.report.near or ())]
    wrong = set()
    for pair in bound:
        seen = frozenset(source.get(name, (name,))[0] for name in pair)
        if len(seen) > 1 and seen not in known:
            wrong |= seen
    assert len(wrong) <= 0.01 * 1800
    assert not wrong

    warning = dataset.report.warnings()[0]
    assert f"{len(dataset.report.near or ())} pairs of images show the same" in warning
    for repeat in range(5):
        split = draw_split(dataset, per_class=40, seed=0, repeat=repeat)
        train, test = ({dataset.images.ids[i] for i in p} for p in (split.train, split.test))
        for pair in ({name, path} for name, (path, _) in source.items()):
            if len({groups[name] for name in pair}) == 1:
                assert not (pair & train and pair & test)
