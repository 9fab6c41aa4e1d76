"""List a folder of images, whatever lies in it besides. Light: an image is opened only in doubt."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar

from neuplug import InputError, Layout, Listing
from neuplug.data.layouts import Folder, read_folder, refuse_mixed_splits, walk
from neuplug.data.listing import Unused, listed
from neuplug_folders import kinds
from neuplug_folders.masks import annotation_name, are_masks, masks_among
from neuplug_folders.parts import (
    assign_parts,
    has_no_labels,
    is_labelled,
    labelled_beside,
    part_in_name,
    same_inside,
    second_copy,
)

_IMAGE_FOLDER = re.compile(r"(images?|imgs?|jpe?gimages|jpe?gs?|pngs?|pictures|photos)", re.I)
_SHARED_GROUP = re.compile(r"group=.+")
_NUMBER = re.compile(r"[\s_.\-]*(\d+|\(\d+\))\Z")
_FOLDERS = "a folder of class folders"
_LOOKED_INTO = 20  # files of one ending in a folder
_AS_READ = "\0"  # stands for how class folders lie, in words, until they have been read


class Folders(Layout):
    """Folders of any shape: class folders, parts of a split, classes in file names."""

    general: ClassVar[bool] = True

    def scan(self, path: Path) -> Listing | None:
        """List a folder's images."""
        return _Tidied(path, walk(path, self.follow)).listing() if path.is_dir() else None


def label_in_name(path: Path) -> str:
    """The class in a file name: what stands before its number.

    Example:
        >>> label_in_name(Path("rolled-in_scale_12.jpg"))
        'rolled-in_scale'
    """
    return _NUMBER.sub("", unicodedata.normalize("NFC", path.stem))


def flat_error(path: Path, why: str) -> InputError:
    """What to do with a flat folder whose file names tell no classes."""
    return InputError(
        f"{path} is a flat folder, but {why}: name the files class_number (crazing_1.jpg), "
        "sort them into class folders, or write a CSV manifest (path, label)."
    )


@dataclass
class _Tidied:
    """A folder that is being tidied up, until what is left is class folders.

    Attributes:
        root: The folder that was given.
        tree: What is in it.
        taken: Images that were taken out, by what they are.
        beside: Names of annotation folders by the folder that they were in.
        notes: How the images lie there, in words.
        remarks: What else there is to say.
        cautions: What may be wrong.
        by_name: Whether file names alone tell the classes.
        found: Files whose first bytes are those of an image or picture.
    """

    root: Path
    tree: Folder
    taken: dict[str, list[Path]] = field(default_factory=lambda: defaultdict(list))
    beside: dict[Path, list[str]] = field(default_factory=lambda: defaultdict(list))
    notes: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    cautions: list[str] = field(default_factory=list)
    by_name: bool = True
    found: set[Path] = field(default_factory=set)

    def listing(self) -> Listing:
        """What is left, and what was taken out."""
        others, hidden = self.tree.all_files("others"), self.tree.all_files("hidden")
        self._look_into(self.tree)
        if self.tree.holds_images:
            self._take_annotations(self.tree)
            self._take_masks()
        unused = self._unused([p for p in others if p not in self.found], hidden)
        if not self.tree.holds_images:
            what = f"; it has {listed([str(kind) for kind in unused])}" if unused else ""
            raise InputError(
                f"{self.root} holds no images (PNG, JPEG, BMP, TIFF, WebP, GIF, PNM){what}."
            )
        listing = read_folder(self.root, self._arranged())
        labels = listing.classes
        if self.by_name and 2 * len(labels) > len(listing.entries):
            why = f"its file names give {len(labels)} classes for {len(listing.entries)} images"
            raise flat_error(self.root, why)
        if self.by_name and len(labels) == 1:
            self.cautions.append(
                f"All file names give one class, {labels[0]} (such as "
                f"{Path(listing.entries[0].id).name}): if they do not tell the classes, sort the "
                "images into class folders, or write a CSV manifest (path, label)."
            )
        return replace(
            listing,
            layout=": ".join(self.notes).replace(_AS_READ, listing.layout.rpartition(", each ")[2]),
            unused=self._unused([p for p in others if p not in self.found], hidden),
            remarks=tuple(self.remarks),
            cautions=tuple(self.cautions),
            by_name=self.by_name,
        )

    # Files ----------------------------------------------------------------------------------------

    def _look_into(self, folder: Folder) -> None:
        """Add files to the images that are such by their first bytes, whatever their names."""
        for node in _every(folder):
            for path in node.others:
                if not kinds.is_unknown(path):
                    continue
                begins = kinds.begins_as(path)
                if begins == "image" and not kinds.is_unfinished(path):
                    node.images.append(path)
                    self.found.add(path)
                elif begins:
                    kind = kinds.PICTURES if begins == "picture" else kinds.ODD
                    self.taken[kind].append(path)
                    self.found.add(path)
            node.others = [path for path in node.others if path not in self.found]
        read = sorted(self.found - {p for paths in self.taken.values() for p in paths})
        if read:
            shown = Unused.of("no ending of an image, but its first bytes", read, self.root)
            self.remarks.append(f"read besides: {shown}.")

    def _unused(self, others: Sequence[Path], hidden: Sequence[Path]) -> tuple[Unused, ...]:
        """All that is not used, by its kinds; pictures first."""
        named: dict[tuple[str, bool], list[Path]] = defaultdict(list)
        for what, paths in self.taken.items():
            named[what, True] += paths
        looked_into: dict[tuple[Path, str], list[str]] = defaultdict(list)
        for path in others:
            broken = path.is_symlink() and not path.exists()
            kind = ("links that lead nowhere", True) if broken else kinds.named_kind(path)
            if kind is None:  # of many annotations in a folder the first ones tell what they are
                told = looked_into[path.parent, path.suffix.lower()]
                if not any(told) and len(told) < _LOOKED_INTO:
                    told.append(kinds.annotations_of(path))
                kind = (next(filter(None, told), "files of other kinds"), False)
            named[kind].append(path)
        found = []
        for (what, matters), paths in named.items():
            tells = matters or (what == kinds.TABLES and self.by_name)
            found.append(Unused.of(what, sorted(paths), self.root, tells))
        found.sort(key=lambda unused: (not unused.matters, -unused.count))
        return (*found, *([Unused.of("hidden files", hidden, self.root)] if hidden else []))

    # Annotations ----------------------------------------------------------------------------------

    def _take_annotations(self, node: Folder) -> None:
        """Take folders of annotations out of a folder, at any depth."""
        for folder in list(node.folders):
            name = annotation_name(folder.name)
            if not name or (folder.holds_images and not self._annotates(folder, node)):
                continue
            node.folders.remove(folder)
            self.beside[node.path].append(f"{folder.name}/")
            if folder.holds_images:
                self.taken["images in folders of annotations"] += folder.all_files()
        for folder in node.folders:
            self._take_annotations(folder)

    @staticmethod
    def _annotates(folder: Folder, node: Folder) -> bool:
        """Whether a folder that is called like annotations has those of what lies beside it."""
        others = [f for f in node.full if not annotation_name(f.name)]
        inside, beside = folder.all_files(), [p for f in others for p in f.all_files()]
        if not others and not node.images:
            return False
        if others and all(_IMAGE_FOLDER.fullmatch(f.name) for f in others):
            return True
        if len({part_in_name(f.name) for f in others} - {""}) > 1:
            return True
        if not others and 2 * len(node.images) >= len(inside):
            return True
        if annotation_name(folder.name) == "always":
            return True
        return are_masks(inside) and not are_masks([*beside, *node.images])

    def _take_masks(self) -> None:
        """Take mask files out that lie among images."""
        masks = masks_among(self.tree.all_files())
        for node in _every(self.tree) if masks else ():
            self.taken["masks among the images"] += [p for p in node.images if p in masks]
            node.images = [path for path in node.images if path not in masks]

    # Folders --------------------------------------------------------------------------------------

    def _arranged(self) -> Folder:
        """Class folders, or parts of a split with class folders; ``notes`` say how they lay."""
        node = self._descended(self.tree)
        if node.full and assign_parts(node):
            return self._parts(node)
        if not node.full:
            return self._flat(node)
        refuse_mixed_splits(node)
        return self._classes(node)

    def _descended(self, node: Folder) -> Folder:
        """Go past folders that only wrap the set."""
        while True:
            node = self._without_stray(node)
            while (copy := second_copy(node)) is not None:
                self.taken[f"images of a second copy of the set in {copy.name}/"] += (
                    copy.all_files()
                )
                node = _without(node, copy)
            for folder in labelled_beside(node):
                self.taken[f"images without classes in {folder.name}/"] += folder.all_files()
                node = _without(node, folder)
            inner = node.full[0] if len(node.full) == 1 and not node.images else None
            if inner is None:
                return node
            wraps = _IMAGE_FOLDER.fullmatch(inner.name) or part_in_name(inner.name)
            if not (wraps or is_labelled(inner)) and _is_lone_class(inner):
                return node
            beside = self.beside.get(node.path)
            self.notes.append(f"{inner.name}/" + (f" beside {listed(beside)}" if beside else ""))
            node = inner

    def _without_stray(self, node: Folder) -> Folder:
        """Leave out the few images that lie beside folders full of them."""
        below = sum(len(f.all_files()) for f in node.full)
        if not node.images or not below:
            return node
        if len(node.images) > below:
            raise InputError(
                f"{node.path} has {len(node.images)} images and, beside them, {below} in folders "
                f"({listed([f.name for f in node.full])}): give a folder of class folders, or a "
                "flat folder with the class in the file names."
            )
        self.taken["images beside the class folders"] += node.images
        return replace(node, images=[])

    def _parts(self, node: Folder) -> Folder:
        """Parts of a split, each with class folders or flat."""
        for folder in node.full:
            if folder.part is None and has_no_labels(folder):
                self.taken[f"images without classes in {folder.name}/"] += folder.all_files()
                node = _without(node, folder)
        refuse_mixed_splits(node)
        inside = [(folder, self._inside(folder)) for folder in node.full]
        known = {f.name for folder, inner in inside for f in inner.full if folder.part != "test"}
        if not known:  # flat ones then
            first = next((i for f, i in inside if f.part == "train" and not i.full), None)
            known = {label_in_name(path) for path in first.images} - {""} if first else set()
        parts, flat = [], ""
        for folder, inner in inside:
            if not inner.full:
                names = {label_in_name(path) for path in inner.images}
                if folder.part != "train" and not names <= known:
                    kind = f"images without classes in {folder.name}/"
                    self.taken[kind] += inner.images
                    continue
                flat = self._flat_words(inner)
                inner = _by_label(inner)
            else:
                self.by_name = False
                inner = self._class_folders(inner)
            parts.append(replace(inner, path=folder.path, part=folder.part))
        if len({part.part for part in parts}) < 2:  # the others had no classes
            self.notes.append(f"{parts[0].name}/")
            self.notes.append(flat if self.by_name else _AS_READ)
            return replace(parts[0], part=None)
        names_ = [
            f"{p.name}/" if p.name.lower() == p.part else f"{p.name}/ ({p.part})" for p in parts
        ]
        self.notes.append(f"{listed(names_)}, each {flat if self.by_name else _AS_READ}")
        return Folder(node.path, folders=parts)

    def _inside(self, folder: Folder) -> Folder:
        """What a part of a split has in folders that only wrap it, such as a doubled one."""
        while True:
            folder = self._without_stray(folder)
            inner = folder.full[0] if len(folder.full) == 1 and not folder.images else None
            if inner is None or not (
                inner.name.casefold() == folder.name.casefold()
                or _IMAGE_FOLDER.fullmatch(inner.name)
                or part_in_name(inner.name)
            ):
                return folder
            folder = inner

    def _classes(self, node: Folder) -> Folder:
        """Class folders, which may be divided in the parts of a split."""
        self.by_name = False
        tidied = self._class_folders(node)
        divided = [f for f in tidied.full if f.full and not f.images and assign_parts(f)]
        if not divided:
            self.notes.append(_AS_READ)
            if same := same_inside(tidied):
                self.cautions.append(
                    f"{listed([f.name for f in tidied.full])} are taken for classes, and each has "
                    f"the folders {listed(same)}, taken for groups: if these are the classes, "
                    "exchange the two levels."
                )
            return tidied
        plain = [f.name for f in tidied.full if f not in divided]
        if any(len({part_in_name(s.name) for s in f.full} - {""}) == 0 for f in tidied.full):
            names = listed([sub.name for sub in divided[0].full])
            raise InputError(
                f"{node.path} has class folders divided in {names} and others that are not, such "
                f"as {plain[0]}: divide all of them or none."
            )
        parts: dict[str, Folder] = {}
        for folder in tidied.full:
            for sub in folder.full:
                sub.part = sub.part or part_in_name(sub.name) or None  # type: ignore[assignment]
                part = parts.setdefault(
                    str(sub.part), Folder(node.path / str(sub.part), part=sub.part)
                )
                part.folders.append(Folder(folder.path, images=sub.all_files()))
        each = sorted({f"{sub.name}/" for folder in divided for sub in folder.full})
        self.notes.append(f"{_FOLDERS}, each divided in {listed(each)}")
        return Folder(node.path, folders=list(parts.values()))

    def _class_folders(self, node: Folder) -> Folder:
        """Class folders with their images in them, where these lie in ``images/``."""
        folders = []
        for folder in node.folders:
            inner = folder.full[0] if len(folder.full) == 1 and not folder.images else None
            alone = inner is not None and folder.path in self.beside  # its annotations lay beside
            if inner is not None and (alone or _IMAGE_FOLDER.fullmatch(inner.name)):
                folder = replace(inner, path=folder.path)
            folders.append(replace(folder, part=None))
        return replace(node, folders=folders)

    def _flat(self, node: Folder) -> Folder:
        self.notes.append(self._flat_words(node))
        return _by_label(node)

    def _flat_words(self, node: Folder) -> str:
        """How a flat folder tells classes.

        Raises:
            InputError: If it does not.
        """
        labels = {path: label_in_name(path) for path in node.images}
        if without := [path.name for path, label in labels.items() if not label]:
            count = f"{len(without)} of its {len(labels)} file names"
            raise flat_error(node.path, f"{count} tell no class, such as {without[0]}")
        first, label = next(iter(labels.items()))
        return f"a flat folder, the class in the file name ({first.name} is {label})"


def _every(folder: Folder) -> list[Folder]:
    return [folder, *(node for below in folder.folders for node in _every(below))]


def _without(node: Folder, folder: Folder) -> Folder:
    return replace(node, folders=[f for f in node.folders if f is not folder])


def _by_label(node: Folder) -> Folder:
    """The images of a flat folder in a folder for each class."""
    labels: dict[str, list[Path]] = defaultdict(list)
    for path in node.images:
        labels[label_in_name(path)].append(path)
    folders = [Folder(node.path / label, images=images) for label, images in labels.items()]
    return replace(node, images=[], folders=folders)


def _is_lone_class(folder: Folder) -> bool:
    """Whether the only folder is a class rather than a flat set: its file names tell no classes."""
    if folder.full and all(_SHARED_GROUP.fullmatch(f.name) for f in folder.full):
        return True
    labels = [label_in_name(path) for path in folder.images]
    tells = all(labels) and 1 < len(set(labels)) <= len(labels) / 2
    return bool(labels) and not tells
