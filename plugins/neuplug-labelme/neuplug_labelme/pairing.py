"""Which annotation belongs to which image.

Files belong together by name: ``x.json`` or ``x.jpg.json`` is about ``x.jpg``. Where names occur
in several folders, the folders must be the same too. The path written in an annotation is passed
over, since images are moved after they were annotated.
"""

from __future__ import annotations

import os
import unicodedata
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from neuplug.data.layouts import is_image
from neuplug.data.listing import listed, natural_key
from neuplug.errors import InputError
from neuplug_labelme.sniffing import json_files

NO_IMAGE = "there is no image of its name"
NO_ANNOTATION = "it has no annotation"


@dataclass(frozen=True)
class Pair:
    """An image and what was annotated in it.

    Attributes:
        image: Its file.
        name: The file's path within the folder of images, with forward slashes.
        annotation: Its labelme file, if there is one.
    """

    image: Path
    name: str
    annotation: Path | None


def pair_up(images: Path, annotations: Path) -> tuple[list[Pair], list[tuple[str, str]]]:
    """Find the images and annotations in two folders, or in the same one, at any depth.

    Returns:
        Every image that is clear, in natural order, with its annotation or without; and
        (name, reason) of every file that is not.

    Raises:
        InputError: If a folder is not there or holds none.
    """
    pictures = [path for path in _files(images) if is_image(path)]
    if not pictures:
        raise InputError(f"{images} holds no images (PNG, JPEG, BMP, TIFF, WebP, GIF, PNM).")
    found = _by_name(annotations)
    skipped: list[tuple[str, str]] = []
    claims: dict[Path, list[Path]] = defaultdict(list)
    alone: list[Path] = []
    wanted: set[Path] = set()
    for image in pictures:
        candidates = found.get(_normal(image.name)) or found.get(_normal(image.stem)) or []
        wanted.update(candidates)
        if len(candidates) > 1:
            here = [c for c in candidates if _folder(c, annotations) == _folder(image, images)]
            if len(here) != 1:
                names = listed([_name(path, annotations) for path in candidates], 2)
                skipped.append((_name(image, images), f"which annotation is its own: {names}?"))
                continue
            candidates = here
        if candidates:
            claims[candidates[0]].append(image)
        else:
            alone.append(image)
    pairs: list[Pair] = []
    for annotation, claimants in claims.items():
        folder = _folder(annotation, annotations)
        here = [image for image in claimants if _folder(image, images) == folder]
        own = claimants if len(claimants) == 1 else here
        if len(own) == 1:
            pairs.append(Pair(own[0], _name(own[0], images), annotation))
            alone += [image for image in claimants if image not in own]
            continue
        names = listed([_name(image, images) for image in claimants], 3)
        reason = f"{_name(annotation, annotations)} may be about any of {names}"
        skipped += [(_name(image, images), reason) for image in claimants]
    pairs += [Pair(image, _name(image, images), None) for image in alone]
    unused = [path for paths in found.values() for path in paths if path not in wanted]
    skipped += [(_name(path, annotations), NO_IMAGE) for path in unused]
    return sorted(pairs, key=lambda pair: natural_key(pair.name)), skipped


def _files(folder: Path) -> list[Path]:
    _check_folder(folder)
    files: list[Path] = []
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        files += [Path(place, name) for name in sorted(names)]
    return files


def _by_name(annotations: Path) -> dict[str, list[Path]]:
    """The annotation files by name without ``.json``."""
    _check_folder(annotations)
    found: dict[str, list[Path]] = defaultdict(list)
    for path in json_files(annotations):
        found[_normal(path.stem)].append(path)
    if not found:
        raise InputError(f"{annotations} holds no labelme annotations (JSON files).")
    return found


def _check_folder(folder: Path) -> None:
    if not folder.is_dir():
        what = "is a file: give its folder" if folder.exists() else "does not exist"
        raise InputError(f"{folder} {what}.")


def _normal(name: str) -> str:
    # one system stores accents composed, another decomposed
    return unicodedata.normalize("NFC", name)


def _folder(path: Path, root: Path) -> Path:
    return path.parent.relative_to(root)


def _name(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix()
