"""A set is decoded by the stated rules, once, and found again whatever happens."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from neuplug_tests.drawing import Draw
from PIL import Image

import neuplug
from neuplug import ImageSet, InputError, StorageError
from neuplug.data import dataset as module
from neuplug.data.dataset import Dataset, load_dataset
from neuplug.storage.store import cache_dir

from .loading import cached, refusal, same

# Content ----------------------------------------------------------------------------------------


def test_content(class_folders: Path) -> None:
    dataset = load_dataset(class_folders, imgsz=(10, 12))
    images = dataset.images
    assert images.images.shape == (15, 1, 10, 12)
    assert images.images.dtype == torch.uint8
    assert images.classes == ("ant", "Bee", "cow")
    assert images.ids[0] == "ant/0.png"
    assert images.counts() == {"ant": 5, "Bee": 5, "cow": 5}
    for index, id_ in enumerate(images.ids):
        expected = np.asarray(Image.open(class_folders / id_))
        assert np.array_equal(images.images[index, 0].numpy(), expected)
        assert images.classes[int(images.labels[index])] == Path(id_).parent.name
    assert dataset.splits == (None,) * 15
    assert dataset.groups == images.ids
    report = dataset.report
    assert (report.sizes, report.modes) == (Counter({"10x12": 15}), Counter({"grey": 15}))
    assert (report.skipped, report.exact, report.conflicts, report.near) == ((), (), (), ())
    assert report.source == str(class_folders)
    assert not report.simulated


def test_given_splits_and_groups(tmp_path: Path, draw: Draw) -> None:
    for number, part in enumerate(("train", "val", "test")):
        draw(tmp_path / part / "cow" / "cow1" / "1.png", seed=number)
        draw(tmp_path / part / "horse" / "h.png", seed=10 + number)
    dataset = load_dataset(tmp_path)
    assert Counter(dataset.splits) == {"train": 2, "val": 2, "test": 2}
    groups = dict(zip(dataset.images.ids, dataset.groups, strict=True))
    assert {groups[f"{part}/cow/cow1/1.png"] for part in ("train", "val", "test")} == {"cow/cow1"}
    assert groups["test/horse/h.png"] == "test/horse/h.png"


def test_chosen_classes_keep_their_order(class_folders: Path) -> None:
    dataset = load_dataset(class_folders, classes=["cow", "ant"])
    assert dataset.images.classes == ("cow", "ant")
    assert dataset.images.counts() == {"cow": 5, "ant": 5}
    assert {Path(i).parent.name: int(label) for i, label in zip(
        dataset.images.ids, dataset.images.labels, strict=True
    )} == {"cow": 0, "ant": 1}  # fmt: skip
    turned = load_dataset(class_folders, classes=["ant", "cow"])
    assert turned.key != dataset.key


def test_progress_is_told(class_folders: Path) -> None:
    told: list[tuple[int, int]] = []
    load_dataset(class_folders, progress=lambda done, total, note="": told.append((done, total)))
    assert (15, 15) in told
    assert told[-1][0] == told[-1][1]
    told.clear()
    load_dataset(class_folders, progress=lambda done, total, note="": told.append((done, total)))
    assert told == []  # nothing was decoded


def test_the_users_folder_is_left_alone(class_folders: Path) -> None:
    def state() -> list[tuple[str, int]]:
        return [(str(p), p.stat().st_mtime_ns) for p in sorted(class_folders.rglob("*"))]

    before = state()
    load_dataset(class_folders)
    assert state() == before


# Broken files and other mistakes ----------------------------------------------------------------


def test_strict_stops_cached_or_not(class_folders: Path) -> None:
    (class_folders / "ant" / "1.png").write_text("no picture")
    message = refusal(class_folders, strict=True)
    assert message.startswith("1 file(s) cannot be read: ant/1.png (not a PNG")
    assert cached() == []
    load_dataset(class_folders)
    assert refusal(class_folders, strict=True) == message


def test_an_empty_class_folder(class_folders: Path) -> None:
    (class_folders / "dog").mkdir()
    said = refusal(class_folders)
    assert "the class folder dog is empty" in said
    assert "remove it, or in a run name the classes you want with --classes" in said
    assert len(load_dataset(class_folders, classes=["ant", "cow"])) == 10


def test_an_unknown_class(class_folders: Path) -> None:
    message = refusal(class_folders, classes=["ant", "cwo"])
    assert "no images of a class 'cwo'. Did you mean cow? It has ant, Bee and cow." in message
    message = refusal(class_folders, classes=["q", "ant", "cwo", "s"])
    assert "no images of a class 'q', 'cwo' and 's'. Did you mean cow? It has ant" in message
    assert "Did you mean Bee?" in refusal(class_folders, classes=["ant", "bee"])
    assert "class ant is named twice" in refusal(class_folders, classes=["ant", "ant"])


def test_sizes_and_rules_that_make_no_sense(class_folders: Path) -> None:
    assert "at least 1 pixel" in refusal(class_folders, imgsz=(0, 8))
    assert "choose resize or crop" in refusal(class_folders, resize="squash")


def test_nothing_there(tmp_path: Path) -> None:
    assert "there is no file or folder" in refusal(tmp_path / "nothing")
    assert "holds no images" in refusal(tmp_path)


# The cache --------------------------------------------------------------------------------------


def test_a_second_load_decodes_nothing(class_folders: Path) -> None:
    first = load_dataset(class_folders)
    (folder,) = cached()
    assert folder.name == first.key
    before = (folder / "images.npy").stat().st_mtime_ns
    assert same(first, load_dataset(class_folders))
    assert (folder / "images.npy").stat().st_mtime_ns == before


def test_a_change_is_decoded_anew(class_folders: Path, draw: Draw) -> None:
    first = load_dataset(class_folders)
    draw(class_folders / "ant" / "0.png", seed=77)
    second = load_dataset(class_folders)
    assert second.key != first.key
    assert not torch.equal(first.images.images, second.images.images)


def test_equal_names_sizes_and_times_elsewhere_are_another_set(
    class_folders: Path, tmp_path: Path
) -> None:
    first = load_dataset(class_folders, imgsz=(10, 12))
    other = shutil.copytree(class_folders, tmp_path / "other")
    for path in sorted(other.rglob("*.png")):
        status = path.stat()
        Image.fromarray(255 - np.asarray(Image.open(path))).save(path.with_suffix(".tmp"), "PNG")
        path.write_bytes(
            path.with_suffix(".tmp").read_bytes()[: status.st_size].ljust(status.st_size)
        )
        path.with_suffix(".tmp").unlink()
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    second = load_dataset(other, imgsz=(10, 12))
    assert second.key != first.key
    assert not torch.equal(first.images.images, second.images.images)


def test_another_process_opens_it_by_key(class_folders: Path) -> None:
    dataset = load_dataset(class_folders)
    assert same(dataset, Dataset.open(dataset.key))
    code = (
        "import sys; from neuplug.data.dataset import Dataset;"
        "print(Dataset.open(sys.argv[1]).images.digest())"
    )
    command = [sys.executable, "-c", code, dataset.key]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == dataset.images.digest()


def test_an_unknown_key() -> None:
    with pytest.raises(InputError, match="has no data set abc"):
        Dataset.open("abc")


def test_killed_half_way(class_folders: Path) -> None:
    """A process dies while it decodes; the next one is not misled by what it left."""
    code = (
        "import os, sys; from neuplug.data import building; building._CHUNK = 4\n"
        "from neuplug.data.dataset import load_dataset\n"
        "load_dataset(sys.argv[1], progress=lambda done, *_: done >= 8 and os._exit(9))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(class_folders)], check=False)
    assert done.returncode == 9
    (left,) = [p for p in (cache_dir() / "data").iterdir() if p.is_dir()]
    assert any(left.iterdir())
    dataset = load_dataset(class_folders)
    assert len(dataset) == 15
    assert [p.name for p in cached()] == [dataset.key]
    assert not left.exists()  # the process that was at work on it is gone


def test_an_interruption_leaves_nothing(class_folders: Path) -> None:
    def interrupt(done: int, total: int, note: str = "") -> None:
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load_dataset(class_folders, progress=interrupt)
    assert list((cache_dir() / "data").iterdir()) == []


@pytest.mark.parametrize("damage", ["no meta", "half meta", "half pixels", "no pixels", "other"])
def test_a_damaged_set_is_made_again(class_folders: Path, damage: str) -> None:
    first = load_dataset(class_folders)
    (folder,) = cached()
    meta, pixels = folder / "meta.json", folder / "images.npy"
    match damage:
        case "no meta":
            meta.unlink()
        case "half meta":
            meta.write_bytes(meta.read_bytes()[:100])
        case "half pixels":
            pixels.write_bytes(pixels.read_bytes()[: pixels.stat().st_size // 2])
        case "no pixels":
            pixels.write_bytes(b"")
        case "other":
            meta.write_text('{"classes": ["a"], "labels": [0]}')
    assert same(first, load_dataset(class_folders))


def test_two_at_once(class_folders: Path) -> None:
    """Whoever finishes second finds the set there and takes it."""
    others: list[Dataset] = []

    def meanwhile(done: int, total: int, note: str = "") -> None:
        if not others:
            others.append(load_dataset(class_folders))

    assert same(load_dataset(class_folders, progress=meanwhile), others[0])
    assert len(list((cache_dir() / "data").iterdir())) == 1


def test_a_cache_that_cannot_be_written(
    class_folders: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("NEUPLUG_CACHE", str(tmp_path / "file"))
    with pytest.raises(StorageError, match=r"file/data cannot be written: .*NEUPLUG_CACHE"):
        load_dataset(class_folders)


def test_large_sets_stay_on_disk(class_folders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = load_dataset(class_folders)
    monkeypatch.setattr(module, "MEMORY_LIMIT", 15 * 64 * 64 - 1)
    mapped = load_dataset(class_folders)
    assert same(small, mapped)
    assert mapped.images.digest() == small.images.digest()
    assert torch.equal(mapped.images.subset([3, 1]).images, small.images.subset([3, 1]).images)
    # the mapped pixels are those of the file, and a change in memory never reaches it
    (folder,) = cached()
    mapped.images.images[0] = 0
    assert same(small, load_dataset(class_folders))
    if sys.platform == "linux":
        assert str(folder) in Path("/proc/self/maps").read_text()


# Images in memory, and the demo -----------------------------------------------------------------


def in_memory(count: int = 6, seed: int = 0) -> ImageSet:
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 256, (count, 1, 5, 4), dtype=np.uint8)
    return ImageSet(
        torch.from_numpy(pixels),
        torch.arange(count) % 2,
        ("a", "b"),
        tuple(f"i{n}" for n in range(count)),
    )


def test_images_in_memory() -> None:
    images = in_memory()
    images.images[5] = images.images[0]
    dataset = Dataset.from_imageset(images, groups=["g", "g", None, None, None, None])
    assert dataset.groups == ("g", "g", "i2", "i3", "i4", "g")
    assert dataset.report.exact == (("i0", "i5"),)
    assert dataset.report.conflicts == (("i0", "i5"),)
    assert same(dataset, Dataset.open(dataset.key))
    assert same(dataset, Dataset.from_imageset(images, ["g", "g", None, None, None, None]))
    assert torch.equal(dataset.images.images, images.images)


def test_the_key_tells_groups_splits_and_ids_apart() -> None:
    images = in_memory()
    renamed = ImageSet(images.images, images.labels, images.classes, tuple("uvwxyz"))
    keys = {
        Dataset.from_imageset(images).key,
        Dataset.from_imageset(images, groups=["g"] * 6).key,
        Dataset.from_imageset(images, splits=["train"] * 6).key,
        Dataset.from_imageset(renamed).key,
        Dataset.from_imageset(in_memory(seed=1)).key,
    }
    assert len(keys) == 5


def test_images_in_memory_that_do_not_fit() -> None:
    with pytest.raises(ValueError, match="one entry for each image"):
        Dataset.from_imageset(in_memory(), groups=["g"])
    with pytest.raises(InputError, match="no images"):
        Dataset.from_imageset(in_memory().subset([]))


def test_demo() -> None:
    dataset = load_dataset("demo", imgsz=(32, 40))
    assert dataset.images.image_size == (32, 40)
    assert dataset.report.simulated
    assert dataset.report.source == "demo (simulated)"
    assert set(dataset.images.counts().values()) == {140}
    assert same(dataset, load_dataset("demo", imgsz=(32, 40)))
    assert same(dataset, Dataset.open(dataset.key))
    few = load_dataset("demo", imgsz=(32, 40), classes=["scratches", "crazing"])
    assert few.images.counts() == {"scratches": 140, "crazing": 140}
    whole = dataset.images.of_class(dataset.images.classes.index("scratches"))
    assert torch.equal(few.images.of_class(0).images, whole.images)
    assert "Did you mean patches?" in refusal("demo", classes=["patchs"])


def test_one_number_is_both_sides() -> None:
    one, two = (neuplug.load_dataset("demo", imgsz=size) for size in (32, (32, 32)))
    assert one.images.image_size == (32, 32) and one.key == two.key
    with pytest.raises(neuplug.InputError, match="image size 0x0"):
        neuplug.load_dataset("demo", imgsz=0)
