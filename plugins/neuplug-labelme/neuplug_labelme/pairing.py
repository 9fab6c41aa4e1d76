"""Which annotation belongs to which image.

Files belong together by name: ``x.json`` or ``x.jpg.json`` is about ``x.jpg``. Where names occur
in several folders, the folders must be the same too. The path written in an annotation is passed
over, since images are moved after they were annotated.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from neuplug.data.layouts import is_image
from neuplug.data.listing import listed, natural_key
from neuplug.errors import InputError
from neuplug_labelme.layout import has_coco, json_files, visible_files

NO_IMAGE = "there is no image of its name"
COCO = "it is of COCO, with all images in one file, which is not read: convert it to labelme"
NO_ANNOTATION = "it has no annotation"


@dataclass(frozen=True)
class Pair:
    """An image and what was annotated in it.

    Attributes:
        image: Its file.
        name: The file's path within the folder of images, with forward slashes.
        annotation: Its labelme file, if there is one.
        stem: How the names of its crops begin.
        group: The folder of its group's crops.
    """

    image: Path
    name: str
    annotation: Path | None
    stem: str = ""
    group: str = ""


def pair_up(images: Path, annotations: Path) -> tuple[list[Pair], list[tuple[str, str]]]:
    """Find the images and annotations in two folders, or in the same one, at any depth.

    Returns:
        Every image that is clear, in natural order, with its annotation or without; and
        (name, reason) of every file that is not.

    Raises:
        InputError: If a folder is not there or holds none.
    """
    for folder in (images, annotations):
        if not folder.is_dir():
            what = "is a file: give its folder" if folder.exists() else "does not exist"
            raise InputError(f"{folder} {what}.")
    pictures = [path for path in visible_files(images) if is_image(path)]
    if not pictures:
        raise InputError(f"{images} holds no images (PNG, JPEG, BMP, TIFF, WebP, GIF, PNM).")
    files = list(json_files(annotations))
    if not files:
        raise InputError(
            f"{annotations} holds no labelme annotations (JSON files).{_voc(annotations)}"
        )
    about: dict[str, list[Path]] = defaultdict(list)
    for path in files:
        about[_normal(path.stem)].append(path)
    pairs: list[Pair] = []
    skipped: list[tuple[str, str]] = []
    claims: dict[Path, list[Path]] = defaultdict(list)
    alone: list[Path] = []
    wanted: set[Path] = set()
    for image in pictures:
        found = about.get(_normal(image.name)) or about.get(_normal(image.stem)) or []
        wanted.update(found)
        own = _own(found, annotations, image.parent.relative_to(images))
        if found and own is None:
            names = listed([_name(path, annotations) for path in found], 2)
            skipped.append((_name(image, images), f"which annotation is its own: {names}?"))
        else:
            (claims[own] if own else alone).append(image)
    for annotation, claimants in claims.items():
        own = _own(claimants, images, annotation.parent.relative_to(annotations))
        if own is None:
            names = listed([_name(image, images) for image in claimants], 3)
            reason = f"{_name(annotation, annotations)} may be about any of {names}"
            skipped += [(_name(image, images), reason) for image in claimants]
        else:
            pairs.append(Pair(own, _name(own, images), annotation))
            alone += [image for image in claimants if image != own]
    pairs += [Pair(image, _name(image, images), None) for image in alone]
    strange = [path for path in files if path not in wanted]
    skipped += [
        (_name(path, annotations), COCO if has_coco(path) else NO_IMAGE) for path in strange
    ]
    return sorted(pairs, key=lambda pair: natural_key(pair.name)), skipped


def _voc(folder: Path) -> str:
    """A sentence about annotations of Pascal VOC in a folder, or nothing."""
    files = [path for path in visible_files(folder) if path.suffix.lower() == ".xml"]
    if not files or not files[0].is_file() or b"<annotation" not in files[0].read_bytes()[:1000]:
        return ""
    return f" Its {len(files)} XML file(s) are of Pascal VOC, which is not read: convert them."


def _own(paths: list[Path], root: Path, folder: Path) -> Path | None:
    """The only one of some paths, or the only one in ``folder`` below ``root``."""
    here = [path for path in paths if path.parent.relative_to(root) == folder]
    chosen = paths if len(paths) == 1 else here
    return chosen[0] if len(chosen) == 1 else None


def _normal(name: str) -> str:
    # one system stores accents composed, another decomposed
    return unicodedata.normalize("NFC", name)


def _name(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix()
