"""Recognise how a set of labelled images lies on disk, without opening one of the images.

Known layouts; folders around the set that hold nothing else are descended:

* what a plugin's layout recognises (:class:`neuplug.Layout`);
* a CSV manifest (:func:`neuplug.data.listing.read_manifest`);
* ``train|val|test`` folders, each with one of the layouts below, as it is or in ``images/``
  beside ``annotations/``;
* a folder of class folders; a folder within a class folder is a group (``cow/cow1/*.png``, one
  object seen often), and class folders may be divided in ``train|val|test`` instead; folders named
  ``group=…`` are the same group in every class;
* a flat folder with the class in the file name: ``crazing_1.jpg`` is of class ``crazing``.

Hidden files, ``__MACOSX``, annotations and everything that is no image is passed over and counted.
"""

from __future__ import annotations

import logging
import os
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from neuplug.data.listing import (
    SPLIT_NAMES,
    Entry,
    Listing,
    SplitName,
    listed,
    natural_key,
    read_manifest,
)
from neuplug.errors import InputError, PluginError, did_you_mean
from neuplug.plugins.loading import named_faults
from neuplug.plugins.registry import discover

logger = logging.getLogger("neuplug")

_IMAGE = re.compile(
    r"\.(a?png|jpe?g|jpe|jfif|mpo|bmp|dib|tiff?|webp|gif|p[bgnpf]m|"
    r"jp2|j2k|jpf|jpx|jpc|j2c|avifs?|hei[cf]|hif)",
    re.IGNORECASE,
)
_ARCHIVE = re.compile(r"\.(zip|tar|gz|tgz|bz2|xz|7z|rar)", re.IGNORECASE)
_IMAGE_FOLDER = re.compile(r"images?|imgs?|jpegimages", re.IGNORECASE)
_ANNOTATIONS = re.compile(
    r"annotations?|labels?|labelme|masks?|ground_truth|gt|xml|json", re.IGNORECASE
)
_HIDDEN_FOLDER = re.compile(r"\..*|__MACOSX|\$RECYCLE\.BIN|@eaDir")
_SHARED_GROUP = re.compile(r"group=.+")
_NUMBER = re.compile(r"[\s_.\-]*(\d+|\(\d+\))\Z")


def is_image(path: Path) -> bool:
    """Whether a file's name is that of an image, and not hidden."""
    return _IMAGE.fullmatch(path.suffix) is not None and not path.name.startswith(".")


def scan(path: Path) -> Listing:
    """List the labelled images at ``path``, a folder or a CSV manifest.

    Raises:
        InputError: If nothing is there, no image is, or the classes cannot be told.
    """
    path = Path(path).expanduser()
    try:
        if not path.exists():
            beside = [item.name for item in path.parent.iterdir()] if path.parent.is_dir() else []
            hint = did_you_mean(path.name, beside)
            raise InputError(f"there is no file or folder {path}.{hint}")
        found, said = ask_layouts(path)
        if found is not None:
            return found
        if path.is_dir():
            try:
                return _scan_folder(path)
            except InputError as error:
                raise InputError(" ".join([str(error), *said])) from None
        if path.suffix.lower() in {".csv", ".tsv"}:
            return read_manifest(path)
    except OSError as error:
        raise InputError(f"{error.filename or path} cannot be read: {error.strerror}.") from None
    archive = _ARCHIVE.fullmatch(path.suffix)
    what = "an archive: unpack it and give" if archive else "a file: give"
    raise InputError(f"{path} is {what} a folder of images or a CSV manifest (path, label).")


def ask_layouts(path: Path) -> tuple[Listing | None, list[str]]:
    """What the layouts of plugins make of a path: the first listing, or what they say of it."""
    said: list[str] = []
    for spec in discover().of_kind("layout"):
        try:
            layout: Any = spec.load()
            with named_faults(spec):
                found = layout().scan(path)
                if not isinstance(found, Listing | str | None):
                    raise TypeError(f"scan returned {type(found).__name__} instead of a Listing")
        except PluginError as error:
            logger.warning("%s", error)
            continue
        if isinstance(found, Listing):
            return found, said
        if found:
            said.append(found)
    return None, said


@dataclass
class _Folder:
    """A folder that has been walked.

    Attributes:
        images: Image files directly in it.
        folders: Its folders that have images at any depth.
        bare: Its folders that have none.
        files: How many files are in it at any depth, images included.
    """

    path: Path
    images: list[Path] = field(default_factory=list)
    folders: list[_Folder] = field(default_factory=list)
    bare: list[_Folder] = field(default_factory=list)
    files: int = 0

    @property
    def name(self) -> str:
        # one system stores accents composed, another decomposed: the class is the same
        return unicodedata.normalize("NFC", self.path.name)

    @property
    def split(self) -> SplitName | None:
        """The part of a split that its name says."""
        return SPLIT_NAMES.get(self.name.lower())

    @property
    def is_annotation(self) -> bool:
        return _ANNOTATIONS.fullmatch(self.name) is not None

    @property
    def no_annotations(self) -> list[_Folder]:
        """Its folders that have images and are no annotations."""
        return [folder for folder in self.folders if not folder.is_annotation]

    def all_images(self) -> list[Path]:
        return [*self.images, *(path for f in self.folders for path in f.all_images())]


def _walk(path: Path, above: frozenset[str] = frozenset()) -> _Folder:
    folder = _Folder(path)
    above |= {os.path.realpath(path)}
    for item in sorted(path.iterdir(), key=lambda p: natural_key(p.name)):
        if item.is_dir():
            if os.path.realpath(item) in above:  # a link back up
                continue
            below = _walk(item, above)
            folder.files += below.files
            if not _HIDDEN_FOLDER.fullmatch(item.name):
                (folder.folders if below.images or below.folders else folder.bare).append(below)
            continue
        folder.files += 1
        # a dangling link counts as an image, so that it is named as unreadable
        if (item.is_file() or item.is_symlink()) and is_image(item):
            folder.images.append(item)
    return folder


def _scan_folder(root: Path) -> Listing:
    tree = _walk(root)
    if not tree.images and not tree.folders:
        others = f"; the {tree.files} file(s) in it are something else" if tree.files else ""
        raise InputError(f"{root} holds no images (PNG, JPEG, BMP, TIFF, WebP, GIF, PNM){others}.")
    node, notes = _descend(tree)
    reader = _Reader(root)
    if _divides(node):
        layout = reader.read_splits(node)
    else:
        _refuse_mixed_splits(node)
        layout = reader.read_part(node, None)
    entries = sorted(reader.entries, key=lambda entry: natural_key(entry.id))
    labels = {entry.label for entry in entries}
    if not reader.class_folders and 2 * len(labels) > len(entries):
        raise _flat_error(
            node.path, f"its file names give {len(labels)} classes for {len(entries)} images"
        )
    layout = ": ".join([*notes, layout])
    if left := len(tree.all_images()) - len(entries):
        layout += f" ({left} image(s) beside these folders or among annotations left out)"
    empty = tuple(name for name in dict.fromkeys(reader.empty) if name not in labels)
    return Listing(root, layout, tuple(entries), tree.files - len(entries), empty)


# Which folder divides the images --------------------------------------------------------------


def _descend(node: _Folder) -> tuple[_Folder, list[str]]:
    """Go past folders that only wrap the set; also return what was passed, in words."""
    notes: list[str] = []
    while True:
        node = _without_stray(node)
        inner = _image_folder(node)
        if inner is not None:
            beside = [f"{f.name}/" for f in (*node.folders, *node.bare) if f.is_annotation]
            notes.append(f"{inner.name}/" + (f" beside {listed(beside)}" if beside else ""))
        elif len(node.folders) == 1 and not _is_lone_class(node.folders[0]):
            inner = node.folders[0]
            notes.append(f"{inner.name}/")
        else:
            break
        node = inner
    return node, notes


def _image_folder(node: _Folder) -> _Folder | None:
    """The ``images/`` in a folder where all else that has images is annotations."""
    rest = [] if node.images else node.no_annotations
    return rest[0] if len(rest) == 1 and _IMAGE_FOLDER.fullmatch(rest[0].name) else None


def _is_lone_class(folder: _Folder) -> bool:
    """Whether the only folder is a class rather than a flat set: its file names tell no classes."""
    if folder.folders and all(_SHARED_GROUP.fullmatch(f.name) for f in folder.folders):
        return True
    labels = [_label_in_name(path) for path in folder.images]
    tells = all(labels) and 1 < len(set(labels)) <= len(labels) / 2
    return bool(labels) and not tells


def _without_stray(node: _Folder) -> _Folder:
    """Leave out the few images that lie beside folders full of them."""
    below = sum(len(f.all_images()) for f in node.no_annotations)
    if not node.images or not below:
        return node
    if len(node.images) > below:
        raise InputError(
            f"{node.path} has {len(node.images)} images and, beside them, {below} in folders "
            f"({listed([f.name for f in node.no_annotations])}): give a folder of class "
            "folders, or a flat folder with the class in the file names."
        )
    return replace(node, images=[])


def _divides(node: _Folder) -> bool:
    """Whether a folder's folders are the parts of a given split."""
    return not node.images and bool(node.folders) and all(f.split for f in node.folders)


def _refuse_mixed_splits(node: _Folder) -> None:
    """Refuse ``train``, ``test`` and ``extra``; a lone ``train`` beside ``bus`` is a class."""
    parts = [f.name for f in node.folders if f.split]
    others = [f.name for f in node.folders if not f.split]
    if others and len({f.split for f in node.folders if f.split}) > 1:
        raise InputError(
            f"{node.path} has {listed(parts)} and, beside them, images in {listed(others)}: "
            "separate them, or assign the images in a CSV manifest (path, label, split)."
        )


# What the folders say -------------------------------------------------------------------------


@dataclass
class _Reader:
    """Takes entries from folders; its methods say in words how these lie there.

    Attributes:
        root: The folder that ids are relative to.
        empty: Names of class folders without a single file.
        class_folders: Whether there are any; else all classes are told by file names.
    """

    root: Path
    entries: list[Entry] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)
    class_folders: bool = False

    def read_splits(self, node: _Folder) -> str:
        layouts = [self.read_part(f, f.split) for f in node.folders]
        return f"{listed([f'{folder.name}/' for folder in node.folders])}, each {layouts[0]}"

    def read_part(self, node: _Folder, split: SplitName | None) -> str:
        """Read class folders or a flat folder, itself or in its ``images/``."""
        node = _without_stray(node)
        if (inner := _image_folder(node)) is not None:
            return f"{inner.name}/ with {self.read_part(inner, split)}"
        return self._read_flat(node, split) if node.images else self._read_classes(node, split)

    def _read_classes(self, node: _Folder, split: SplitName | None) -> str:
        self.class_folders = True
        inside = [(folder.name, _image_folder(folder) or folder) for folder in node.folders]
        nested = [folder for _, folder in inside if folder.folders]
        divided = split is None and bool(nested) and all(_divides(folder) for _, folder in inside)
        for label, folder in inside:
            self._add(folder.images, label, split)
            for sub in _objects(folder):
                if divided:
                    self._add(sub.all_images(), label, sub.split)
                else:  # by itself a folder groups only images of its class
                    shared = _SHARED_GROUP.fullmatch(sub.name)
                    group = sub.name if shared else f"{label}/{sub.name}"
                    self._add(sub.all_images(), label, split, group)
        layout = "a folder of class folders"
        if divided:
            parts = {f"{sub.name}/" for folder in nested for sub in folder.folders}
            layout += f", each divided in {listed(sorted(parts))}"
        elif nested:
            layout += ", where a folder within a class is a group"
        bare = [f for f in node.bare if not f.is_annotation]
        self.empty += [f.name for f in bare if not f.files]
        if without := [f"{f.name}/" for f in bare if f.files]:
            layout += f" (no images in {listed(without)})"
        return layout

    def _read_flat(self, node: _Folder, split: SplitName | None) -> str:
        labels = {path: _label_in_name(path) for path in node.images}
        if without := [path.name for path, label in labels.items() if not label]:
            count = f"{len(without)} of its {len(labels)} file names"
            raise _flat_error(node.path, f"{count} tell no class, such as {without[0]}")
        for path, label in labels.items():
            self._add([path], label, split)
        first, label = next(iter(labels.items()))
        return f"a flat folder, the class in the file name ({first.name} is {label})"

    def _add(
        self, paths: Iterable[Path], label: str, split: SplitName | None, group: str | None = None
    ) -> None:
        for path in paths:
            id_ = path.relative_to(self.root).as_posix()
            self.entries.append(Entry(path, id_, label, split, group))


def _objects(folder: _Folder) -> list[_Folder]:
    """The folders within a class folder, without annotations that lie beside its images."""
    return folder.no_annotations or ([] if folder.images else folder.folders)


def _flat_error(path: Path, why: str) -> InputError:
    return InputError(
        f"{path} is a flat folder, but {why}: name the files class_number (crazing_1.jpg), "
        "sort them into class folders, or write a CSV manifest (path, label)."
    )


def _label_in_name(path: Path) -> str:
    """The file name without its ending and the number before it."""
    return _NUMBER.sub("", unicodedata.normalize("NFC", path.stem))
