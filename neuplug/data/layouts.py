"""Recognise how a set of labelled images lies on disk, without opening one of the images.

What the layouts of plugins recognise (:class:`neuplug.Layout`) goes first. The core itself reads
what needs no guess:

* a plain CSV manifest (:func:`neuplug.data.manifest.read_manifest`);
* a folder of class folders; a folder within a class folder is a group (``cow/cow1/*.png``, one
  object seen often); folders named ``group=…`` are the same group in every class;
* ``train|val|test`` folders, each with class folders.

A layout that tidies folders up, and leaves out masks for example, walks them with :func:`walk` and
hands what is left to :func:`read_folder`. Every file that is no image of a class is counted.
"""

from __future__ import annotations

import logging
import os
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from neuplug.data.listing import (
    SPLIT_NAMES,
    Entry,
    Layout,
    Listing,
    SplitName,
    Unused,
    grouped,
    large_enough,
    listed,
    natural_key,
    refuse_odd_names,
    refuse_outside,
)
from neuplug.data.manifest import read_manifest
from neuplug.errors import InputError, PluginError, did_you_mean, expect
from neuplug.plugins.loading import named_faults
from neuplug.plugins.registry import discover
from neuplug.storage.files import SPECIAL, is_special

logger = logging.getLogger("neuplug")

_IMAGE = re.compile(
    r"\.(a?png|jpe?g|jpe|jfif|mpo|bmp|dib|tiff?|webp|gif|p[bgnpf]m|"
    r"jp2|j2k|jpf|jpx|jpc|j2c|avifs?|hei[cf]|hif)",
    re.IGNORECASE,
)
_ARCHIVE = re.compile(r"\.(zip|tar|gz|tgz|bz2|xz|7z|rar)", re.IGNORECASE)
_HIDDEN = re.compile(r"\..*|__MACOSX|\$RECYCLE\.BIN|@eaDir|(eh)?thumbs\.db|desktop\.ini", re.I)
_SHARED_GROUP = re.compile(r"group=.+")


def is_image(path: Path) -> bool:
    """Whether a file's name is that of an image, and not hidden."""
    return _IMAGE.fullmatch(path.suffix) is not None and not path.name.startswith(".")


def scan(
    source: str | Path,
    *,
    options: Mapping[str, Mapping[str, Any]] | None = None,
    group_by: str | None = None,
    min_per_class: int = 1,
    follow: bool = False,
) -> Listing:
    """List the labelled images of a folder or a CSV manifest.

    Args:
        source: Its path.
        options: Of layouts, by their names.
        group_by: A regular expression, of which each file's path within ``source`` gives its group.
        min_per_class: Images that a class needs; one with fewer is left out.
        follow: Whether links and paths may lead out of ``source``.

    Raises:
        InputError: If nothing is there, no image is, the classes cannot be told, or an argument
            makes no sense for these images.
    """
    expect(source, str | Path, "data", "a path, or demo")
    if not str(source).strip():
        raise InputError(
            "data is empty: give a folder of images, a CSV manifest, or demo; the current folder "
            "is called '.'."
        )
    path = Path(source).expanduser()
    try:
        if not path.exists():
            beside = [item.name for item in path.parent.iterdir()] if path.parent.is_dir() else []
            address = " Download what is at an address, and give the folder of the images."
            hint = address if "://" in str(source) else did_you_mean(path.name, beside)
            raise InputError(f"there is no file or folder {source}.{hint}")
        if is_special(path):
            raise InputError(f"{path} is {SPECIAL}: give a folder of images or a CSV manifest.")
        found = _listing(path, options or {}, follow)
    except OSError as error:
        raise InputError(f"{error.filename or path} cannot be read: {error.strerror}.") from None
    refuse_odd_names(found.entries)
    if not follow:
        refuse_outside(path, found.outside(found.classes))
    if group_by is not None:
        found = grouped(found, group_by)
    return large_enough(found, min_per_class)


def _listing(path: Path, options: Mapping[str, Mapping[str, Any]], follow: bool) -> Listing:
    found, said, refused = ask_layouts(path, options, follow)
    try:
        if found is None and refused:
            raise InputError(refused[0])
        if found is None and path.is_dir():
            found = read_folder(path, walk(path, follow))
    except InputError as error:
        raise InputError(" ".join([str(error), *said])) from None
    if found is not None:  # names of files are poor labels: a table of them is missed then
        if found.by_name:
            return replace(found, cautions=(*found.cautions, *said))
        return replace(found, remarks=(*found.remarks, *said))
    if path.suffix.lower() in {".csv", ".tsv"}:
        return read_manifest(path)
    archive = _ARCHIVE.fullmatch(path.suffix)
    what = "an archive: unpack it and give" if archive else "a file: give"
    raise InputError(f"{path} is {what} a folder of images or a CSV manifest (path, label).")


def ask_layouts(
    path: Path, options: Mapping[str, Mapping[str, Any]], follow: bool = False
) -> tuple[Listing | None, list[str], list[str]]:
    """What the layouts of plugins make of a path.

    Returns:
        The listing of the first that is no general one, or of a general one; what others say of
        the path; what is wrong with it, of those whose layout it is.
    """
    found: list[tuple[bool, Listing]] = []
    said: list[str] = []
    refused: list[str] = []
    for spec in discover().of_kind("layout"):
        try:
            kind: Any = spec.load()
            with named_faults(spec):
                own = kind.options_class.parse(options.get(spec.name, {}), spec.name)
                layout: Layout = kind(own)
                layout.follow = follow
                answer = layout.scan(path)
                if not isinstance(answer, Listing | str | None):
                    raise TypeError(f"scan returned {type(answer).__name__} instead of a Listing")
        except InputError as error:
            if spec.name in options:  # what is asked of it is wrong, whoever lists the path
                raise
            refused.append(str(error))
        except PluginError as error:
            logger.warning("%s", error)
        else:
            if isinstance(answer, Listing):
                found.append((layout.general, answer))
            elif answer:
                said.append(answer)
    found.sort(key=lambda pair: pair[0])
    return (found[0][1] if found else None), said, refused


@dataclass
class Folder:
    """A folder that has been walked.

    Attributes:
        images: Image files directly in it, by their names.
        others: Other files directly in it.
        hidden: Hidden files in it, and all files in its hidden folders.
        folders: Its other folders.
        part: The part of a split that it is, if its name says one.
    """

    path: Path
    images: list[Path] = field(default_factory=list)
    others: list[Path] = field(default_factory=list)
    hidden: list[Path] = field(default_factory=list)
    folders: list[Folder] = field(default_factory=list)
    part: SplitName | None = None

    @property
    def name(self) -> str:
        """Its name; one system stores accents composed, another decomposed."""
        return unicodedata.normalize("NFC", self.path.name)

    @property
    def full(self) -> list[Folder]:
        """Its folders that have images at any depth."""
        return [folder for folder in self.folders if folder.holds_images]

    @property
    def holds_images(self) -> bool:
        """Whether there are images in it at any depth."""
        return bool(self.images) or any(folder.holds_images for folder in self.folders)

    @property
    def divides(self) -> bool:
        """Whether its folders are the parts of a given split."""
        return not self.images and bool(self.full) and all(f.part for f in self.full)

    def all_files(self, kind: str = "images") -> list[Path]:
        """The ``images``, ``others`` or ``hidden`` files at any depth."""
        return [*getattr(self, kind), *(p for f in self.folders for p in f.all_files(kind))]


def walk(path: Path, follow: bool = False) -> Folder:
    """Walk a folder; links are followed, though never round in a circle.

    Raises:
        InputError: If links of folders lead out of it and ``follow`` is not set.
        OSError: If a folder cannot be read.
    """
    root, outside = os.path.realpath(path), []

    def visit(place: Path, above: frozenset[str]) -> Folder:
        folder = Folder(place, part=SPLIT_NAMES.get(place.name.lower()))
        above |= {os.path.realpath(place)}
        for item in sorted(place.iterdir(), key=lambda p: natural_key(p.name)):
            if not item.is_dir():
                hidden = _HIDDEN.fullmatch(item.name)
                # a dangling link counts as an image, so that it is named as unreadable
                image = is_image(item) and (item.is_file() or item.is_symlink())
                (folder.hidden if hidden else folder.images if image else folder.others).append(
                    item
                )
            elif _HIDDEN.fullmatch(item.name):
                folder.hidden += [
                    Path(where, n) for where, _, names in os.walk(item) for n in names
                ]
            elif (real := os.path.realpath(item)) not in above:  # no link back up
                if follow or Path(real).is_relative_to(root):
                    folder.folders.append(visit(item, above))
                else:
                    outside.append(item.relative_to(path).as_posix())
        return folder

    tree = visit(path, frozenset())
    refuse_outside(path, outside)
    return tree


def read_folder(root: Path, tree: Folder) -> Listing:
    """List a folder that has been walked, whole: class folders, or parts of a split with such.

    Args:
        root: The folder that ids are relative to.
        tree: What is in it; a layout may have taken files and folders out of it, or moved them.

    Raises:
        InputError: If it holds no images, or they lie in another way.
    """
    others, hidden = tree.all_files("others"), tree.all_files("hidden")
    if not tree.holds_images:
        number = len(others) + len(hidden)
        no = f"; the {number} file(s) in it are something else" if number else ""
        raise InputError(f"{root} holds no images (PNG, JPEG, BMP, TIFF, WebP, GIF, PNM){no}.")
    reader = _Reader(root)
    if tree.divides:
        layouts = [reader.read_classes(folder, folder.part) for folder in tree.full]
        layout = f"{listed([f'{folder.name}/' for folder in tree.full])}, each {layouts[0]}"
    else:
        refuse_mixed_splits(tree)
        layout = reader.read_classes(tree, None)
    kinds = {"files of other kinds": others, "hidden files": hidden}
    labels = {entry.label for entry in reader.entries}
    return Listing(
        root,
        layout,
        tuple(sorted(reader.entries, key=lambda entry: natural_key(entry.id))),
        tuple(Unused.of(kind, paths, root) for kind, paths in kinds.items() if paths),
        tuple(name for name in dict.fromkeys(reader.empty) if name not in labels),
    )


def refuse_mixed_splits(node: Folder) -> None:
    """Refuse ``train``, ``test`` and ``extra``; a lone ``train`` beside ``bus`` is a class.

    Raises:
        InputError: If parts of a split lie beside other images.
    """
    parts = [f.name for f in node.full if f.part]
    others = [f.name for f in node.full if not f.part]
    if others and len({f.part for f in node.full if f.part}) > 1:
        raise InputError(
            f"{node.path} has {listed(parts)} and, beside them, images in {listed(others)}: "
            "separate them, or assign the images in a CSV manifest (path, label, split)."
        )


@dataclass
class _Reader:
    """Takes entries from class folders.

    Attributes:
        root: The folder that ids are relative to.
        empty: Names of class folders without a single file.
    """

    root: Path
    entries: list[Entry] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)

    def read_classes(self, node: Folder, split: SplitName | None) -> str:
        """Read class folders; how they lie there, in words."""
        if node.images:
            raise InputError(
                f"{node.path} has {len(node.images)} image(s) outside of class folders, such as "
                f"{node.images[0].name}: sort them into folders, one for each class, or write a "
                "CSV manifest (path, label)."
            )
        for folder in node.full:
            self._add(folder.images, folder.name, split)
            for sub in folder.full:  # by itself a folder groups only images of its class
                shared = _SHARED_GROUP.fullmatch(sub.name)
                group = sub.name if shared else f"{folder.name}/{sub.name}"
                self._add(sub.all_files(), folder.name, split, group)
        layout = "a folder of class folders"
        if any(folder.full for folder in node.full):
            layout += ", where a folder within a class is a group"
        for folder in node.folders:
            if not folder.holds_images:
                if not folder.all_files("others") + folder.all_files("hidden"):
                    self.empty.append(folder.name)
                else:
                    layout += f" (no images in {folder.name}/)"
        return layout

    def _add(
        self, paths: Iterable[Path], label: str, split: SplitName | None, group: str | None = None
    ) -> None:
        for path in paths:
            id_ = path.relative_to(self.root).as_posix()
            self.entries.append(Entry(path, id_, label, split, group))
