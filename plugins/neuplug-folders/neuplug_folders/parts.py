"""Parts of a split by the names that people give them: ``seg_train``, ``test1``, ``val2017``."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence

from neuplug.data.layouts import Folder
from neuplug.data.listing import SplitName, listed
from neuplug.errors import InputError
from neuplug_folders.masks import words

_PARTS: dict[str, SplitName] = {
    **dict.fromkeys(("train", "training", "trn", "learn", "learning"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "validate", "dev", "development"), "val"),
    **dict.fromkeys(("test", "testing", "tst", "holdout", "heldout"), "test"),
}
# A test, but beside one of that name the validation
_EITHER = {"eval", "evaluation", "evaluate"}
_WITHOUT_LABELS = {
    "pred", "preds", "predict", "prediction", "predictions", "unlabeled", "unlabelled", "unlabel",
    "inference", "submission", "unknowns", "nolabel", "nolabels",
}  # fmt: skip
_WITH_LABELS = {"labeled", "labelled", "annotated"}
# Parts that are none of a split by images, and words of other languages for parts
_OTHER_PARTS = {
    "gallery", "query", "probe", "entrenamiento", "prueba", "pruebas", "validacion", "treinamento",
    "treino", "teste", "validacao", "entrainement", "apprentissage", "addestramento", "ausbildung",
    "trainingsdaten", "testdaten", "validierung",
}  # fmt: skip
# Folders of such names have classes in them, and are none
_NO_CLASSES = {"fold", "folds", "batch", "part", "set", "split", "cv", "session", "chunk", "shard"}
_FILLERS = {
    "set", "sets", "data", "dataset", "datasets", "image", "images", "img", "imgs", "pics", "split",
    "folder", "part", "subset", "the", "public", "private", "final", "new", "my", "all", "samples",
    "ing", "color", "colour", "rgb", "jpg", "png", "full", "resized", "cropped", "augmented", "raw",
}  # fmt: skip


def part_in_name(name: str, common: Iterable[str] = ()) -> str:
    """What part of a split a folder's name says: ``train``, ``val``, ``test``, ``eval`` or nothing.

    Args:
        name: Of the folder.
        common: Words that say nothing, for all folders beside it have them.

    Example:
        >>> part_in_name("training_set"), part_in_name("seg_test", ["seg"]), part_in_name("bus")
        ('train', 'test', '')
    """
    found = [_ungluedword(word) for word in words(name) if word not in _FILLERS]
    left = [word for word in found if word not in set(common) or word in _PARTS]
    if len(left) != 1:
        return ""
    return "eval" if left[0] in _EITHER else _PARTS.get(left[0], "")


def _ungluedword(word: str) -> str:
    """``trainset``, ``testdata`` and ``valimages`` without what is glued to them."""
    for end in ("dataset", "set", "data", "images", "imgs"):
        if word.endswith(end) and word.removesuffix(end) in _PARTS:
            return word.removesuffix(end)
    return word


def has_no_labels(folder: Folder) -> bool:
    """Whether a folder's name says that its images have no classes."""
    return bool(_WITHOUT_LABELS & set(words(folder.name)))


def labelled_beside(node: Folder) -> list[Folder]:
    """The folders without labels beside the only other one, called ``labeled``, of class folders.

    Flat ones of these names may be classes, such as bottles with and without a label.
    """
    unlabelled = [folder for folder in node.full if has_no_labels(folder)]
    rest = [folder for folder in node.full if not has_no_labels(folder)]
    known = len(rest) == 1 and is_labelled(rest[0]) and len(rest[0].full) > 1
    return unlabelled if known else []


def is_labelled(folder: Folder) -> bool:
    """Whether a folder's name says that its images have classes."""
    return bool(_WITH_LABELS & set(words(folder.name)))


def assign_parts(node: Folder) -> bool:
    """Set the part of each folder of a node where they are the parts of a split.

    One ``train`` among other class folders is a class, of vehicles.

    Returns:
        Whether some are parts; then there are at least two different ones.

    Raises:
        InputError: If several folders are the same part, and there is no other, or some are parts
            of another kind.
    """
    folders = node.full
    common = set.intersection(*(set(words(f.name)) for f in folders)) if folders[1:] else set()
    said = [part_in_name(f.name, common) for f in folders]
    evaluation: SplitName = "val" if "test" in said else "test"
    found: Sequence[SplitName | None] = [
        evaluation if part == "eval" else part or None  # type: ignore[misc]
        for part in said
    ]
    different = {part for part in found if part}
    unlabelled = [
        f for f, part in zip(folders, found, strict=True) if not part and has_no_labels(f)
    ]
    other = [f for f in folders if _OTHER_PARTS & set(words(_unaccented(f.name)))]
    if other and len(other) + sum(map(bool, found)) + len(unlabelled) == len(folders) > 1:
        raise InputError(
            f"{node.path} has {listed([f.name for f in folders])}, which look like parts of a "
            "split: give one of them, or rename them to train, val and test."
        )
    several = len(different) > 1 or bool(different and unlabelled)
    if len(different) == 1 and len(folders) > 1 and not several:
        same = [f for f, part in zip(folders, found, strict=True) if part]
        if len(same) == len(folders) and all(f.full for f in folders):
            raise InputError(
                f"{node.path} has {listed([f.name for f in same])}, which are all parts of a split "
                f"and all {next(iter(different))}: give one of them, or rename them to train, val "
                "and test."
            )
    if not different:
        _refuse_glued(node)
    for folder, part in zip(folders, found, strict=True):
        folder.part = part if several else None
    return several


def _unaccented(name: str) -> str:
    return unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()


def _refuse_glued(node: Folder) -> None:
    """Refuse ``cats_train``, ``cats_test``, ``dogs_train`` and so on, which would be classes.

    Raises:
        InputError: If every folder is called by a class and a part of a split.
    """
    parts = _PARTS.keys() | _EITHER
    names = [[*dict.fromkeys(words(folder.name))] for folder in node.full]
    rest = Counter(tuple(word for word in name if word not in parts) for name in names)
    glued = all(len(name) > 1 and parts & {*name} for name in names)
    if glued and min(rest.values()) > 1:  # each class in several parts
        raise InputError(
            f"{node.path} has {listed([f.name for f in node.full])}, each called by a class and a "
            "part of a split: sort them into folders such as train/CLASS and test/CLASS."
        )


def same_inside(node: Folder) -> list[str]:
    """The folders that every folder of a node has, if all have the same two or more.

    Raises:
        InputError: If the folders of the node are folds or batches by their names.
    """
    inside = [{f.name for f in folder.full} for folder in node.full if not folder.images]
    if len(inside) < 2 or len(inside) < len(node.full) or len(inside[0]) < 2:
        return []
    if any(names != inside[0] for names in inside):
        return []
    same = sorted(inside[0])
    if all(_NO_CLASSES & set(words(folder.name)) for folder in node.full):
        raise InputError(
            f"{node.path} has {listed([f.name for f in node.full])}, each with the folders "
            f"{listed(same)}: give one of them, bring their classes together in one folder, or "
            "write a CSV manifest (path, label, split, group)."
        )
    return same


def second_copy(node: Folder) -> Folder | None:
    """A folder that has the same folders as lie beside it, as archives unpacked twice leave."""
    for folder in node.full:
        beside = {f.name.casefold() for f in node.full if f is not folder}
        if len(beside) > 1 and beside == {f.name.casefold() for f in folder.full}:
            return folder
    return None
