"""A set is decoded by the stated rules, once, and found again whatever happens."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
import torch
from PIL import Image

from neuplug import ImageSet, InputError, StorageError
from neuplug.data import dataset as module
from neuplug.data.dataset import Dataset, load_dataset
from neuplug.data.report import DataReport
from neuplug.storage.cache import cache_dir

Draw = Callable[..., Path]


def cached() -> list[Path]:
    """The sets in the cache."""
    return sorted(p for p in (cache_dir() / "data").glob("*") if not p.name.startswith("."))


def refusal(*arguments: Any, **options: Any) -> str:
    with pytest.raises(InputError) as caught:
        load_dataset(*arguments, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def same(first: Dataset, second: Dataset) -> bool:
    return (
        torch.equal(first.images.images, second.images.images)
        and torch.equal(first.images.labels, second.images.labels)
        and (first.images.classes, first.images.ids) == (second.images.classes, second.images.ids)
        and (first.splits, first.groups, first.key) == (second.splits, second.groups, second.key)
        and first.report == second.report
    )


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
    assert (report.sizes, report.modes) == (Counter({(10, 12): 15}), Counter({"grey": 15}))
    assert (report.skipped, report.exact, report.conflicts, report.near) == ((), (), (), ())
    assert report.source == str(class_folders)
    assert not report.simulated


def test_one_colour_image_makes_the_set_rgb(class_folders: Path, draw: Draw) -> None:
    draw(class_folders / "ant" / "9.png", seed=99, mode="RGB")
    images = load_dataset(class_folders, imgsz=(10, 12)).images
    assert images.channels == 3
    grey = images.images[0]
    assert torch.equal(grey[0], grey[1])
    assert torch.equal(grey[0], grey[2])
    colour = np.asarray(Image.open(class_folders / "ant" / "9.png"))
    assert np.array_equal(images.images[images.ids.index("ant/9.png")].permute(1, 2, 0), colour)


def test_mixed_sizes(class_folders: Path, draw: Draw) -> None:
    draw(class_folders / "ant" / "wide.png", seed=50, size=(8, 90))
    draw(class_folders / "ant" / "tall.png", seed=51, size=(90, 8))
    stretched = load_dataset(class_folders, imgsz=(16, 24))
    cropped = load_dataset(class_folders, imgsz=(16, 24), resize="crop")
    assert stretched.images.image_size == cropped.images.image_size == (16, 24)
    assert stretched.report.sizes == {(10, 12): 15, (8, 90): 1, (90, 8): 1}
    assert stretched.key != cropped.key
    assert not torch.equal(stretched.images.images, cropped.images.images)


def test_12_bits_in_16_are_not_dark(tmp_path: Path) -> None:
    for number, largest in enumerate((500, 900, 2000, 4095)):
        pixels = np.linspace(0, largest, 64).reshape(8, 8).astype(np.uint16)
        path = tmp_path / "ab"[number % 2] / f"{number}.tif"
        path.parent.mkdir(exist_ok=True)
        tifffile.imwrite(path, pixels)
    dataset = load_dataset(tmp_path, imgsz=(8, 8))
    brightest = dict(zip(dataset.images.ids, dataset.images.images.amax((1, 2, 3)), strict=True))
    # one divisor, 16, for the whole set: images keep their relative brightness
    assert brightest == {"a/0.tif": 31, "b/1.tif": 56, "a/2.tif": 125, "b/3.tif": 255}
    assert dataset.report.bits == 12
    full = np.full((8, 8), 65535, np.uint16)
    tifffile.imwrite(tmp_path / "a" / "full.tif", full)
    dataset = load_dataset(tmp_path, imgsz=(8, 8))
    assert dataset.report.bits == 16
    assert dataset.images.images[dataset.images.ids.index("b/3.tif")].max() == 15


def test_8_and_16_bits_together(tmp_path: Path, draw: Draw) -> None:
    draw(tmp_path / "a" / "0.png", seed=0, size=(8, 8))
    deep = np.asarray(Image.open(tmp_path / "a" / "0.png")).astype(np.uint16) * 257
    (tmp_path / "b").mkdir()
    tifffile.imwrite(tmp_path / "b" / "0.tif", deep)
    images = load_dataset(tmp_path, imgsz=(8, 8)).images.images
    assert torch.equal(images[0], images[1])


def test_given_splits_and_groups(tmp_path: Path, draw: Draw) -> None:
    for number, part in enumerate(("train", "val", "test")):
        draw(tmp_path / part / "cow" / "cow1" / "1.png", seed=number)
        draw(tmp_path / part / "horse" / "h.png", seed=10 + number)
    dataset = load_dataset(tmp_path)
    assert Counter(dataset.splits) == {"train": 2, "val": 2, "test": 2}
    groups = dict(zip(dataset.images.ids, dataset.groups, strict=True))
    assert {groups[f"{part}/cow/cow1/1.png"] for part in ("train", "val", "test")} == {"cow/cow1"}
    assert groups["test/horse/h.png"] == "test/horse/h.png"


def test_duplicates_and_conflicts(class_folders: Path) -> None:
    shutil.copy(class_folders / "ant" / "1.png", class_folders / "ant" / "8.png")
    Image.open(class_folders / "ant" / "2.png").convert("RGB").save(class_folders / "cow" / "9.bmp")
    dataset = load_dataset(class_folders)
    assert dataset.report.exact == (("ant/1.png", "ant/8.png"), ("ant/2.png", "cow/9.bmp"))
    assert dataset.report.conflicts == (("ant/2.png", "cow/9.bmp"),)
    groups = dict(zip(dataset.images.ids, dataset.groups, strict=True))
    assert groups["ant/8.png"] == groups["ant/1.png"] == "ant/1.png"
    assert groups["cow/9.bmp"] == groups["ant/2.png"]
    assert len(set(dataset.groups)) == len(dataset) - 2
    assert dataset.report.near == ()  # exact ones are not named twice
    assert "ant/2.png = cow/9.bmp" in dataset.report.warnings()[0]


def test_near_duplicates_are_bound_and_said(class_folders: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 200, (30, 40), dtype=np.uint8)
    Image.fromarray(noise).save(class_folders / "ant" / "x.png")
    Image.fromarray(noise[:, ::-1] + 20).save(class_folders / "cow" / "y.jpg", quality=85)
    dataset = load_dataset(class_folders, imgsz=(10, 12))
    assert [pair[:2] for pair in dataset.report.near or ()] == [("ant/x.png", "cow/y.jpg")]
    groups = dict(zip(dataset.images.ids, dataset.groups, strict=True))
    assert groups["cow/y.jpg"] == groups["ant/x.png"] == "ant/x.png"
    assert len(set(dataset.groups)) == len(dataset) - 1
    (warning,) = dataset.report.warnings()
    assert warning.startswith("1 pair of images shows the same")
    assert warning.endswith("no split divides them: ant/x.png ~ cow/y.jpg.")
    assert load_dataset(class_folders, imgsz=(32, 32)).groups == dataset.groups


def test_a_crowd_of_look_alikes_is_said(class_folders: Path) -> None:
    rng = np.random.default_rng(0)
    one = rng.integers(60, 190, (40, 40))
    for number in range(40):
        alike = (one + rng.normal(0, 8, one.shape)).clip(0, 255).astype(np.uint8)
        Image.fromarray(alike).save(class_folders / "cow" / f"video{number}.png")
    report = load_dataset(class_folders).report
    assert (report.near, report.crowded) == ((), 40)
    assert "40 image(s) look much like another one" in report.warnings()[0]
    assert "one object, series or video, group those that belong together" in report.warnings()[0]
    grouped = class_folders / "cow" / "group=video"
    grouped.mkdir()
    for path in class_folders.glob("cow/video*.png"):
        path.rename(grouped / path.name)
    assert load_dataset(class_folders).report.crowded == 0


def test_chosen_classes_keep_their_order(class_folders: Path) -> None:
    dataset = load_dataset(class_folders, classes=["cow", "ant"])
    assert dataset.images.classes == ("cow", "ant")
    assert dataset.images.counts() == {"cow": 5, "ant": 5}
    assert {Path(i).parent.name: int(label) for i, label in zip(
        dataset.images.ids, dataset.images.labels, strict=True
    )} == {"cow": 0, "ant": 1}  # fmt: skip
    turned = load_dataset(class_folders, classes=["ant", "cow"])
    assert turned.key != dataset.key


def test_report_as_json(class_folders: Path) -> None:
    (class_folders / "ant" / "bad.png").write_bytes(b"x")
    shutil.copy(class_folders / "ant" / "1.png", class_folders / "cow" / "8.png")
    report = load_dataset(class_folders).report
    assert DataReport.from_json(json.loads(json.dumps(report.to_json()))) == report


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


def test_broken_files_are_named_and_skipped(class_folders: Path) -> None:
    whole = (class_folders / "ant" / "1.png").read_bytes()
    (class_folders / "ant" / "1.png").write_bytes(whole[:-60])
    (class_folders / "cow" / "fake.jpg").write_text("no picture")
    dataset = load_dataset(class_folders)
    assert [id_ for id_, _ in dataset.report.skipped] == ["ant/1.png", "cow/fake.jpg"]
    assert all(reason for _, reason in dataset.report.skipped)
    assert len(dataset) == 14
    assert dataset.report.counts == {"ant": 4, "Bee": 5, "cow": 5}
    assert (
        "2 file(s) cannot be read and are skipped, such as ant/1.png"
        in (dataset.report.warnings()[0])
    )


def test_strict_stops_cached_or_not(class_folders: Path) -> None:
    (class_folders / "ant" / "1.png").write_text("no picture")
    message = refusal(class_folders, strict=True)
    assert message.startswith("ant/1.png cannot be read: not a PNG")
    assert cached() == []
    load_dataset(class_folders)
    assert refusal(class_folders, strict=True) == message


def test_a_class_of_which_nothing_can_be_read(class_folders: Path) -> None:
    for path in (class_folders / "Bee").iterdir():
        path.write_bytes(b"")
    message = refusal(class_folders)
    assert "class Bee has no image that can be read: all 5 file(s)" in message
    assert "Bee/0.png (empty file)" in message
    assert cached() == []
    assert len(load_dataset(class_folders, classes=["ant", "cow"])) == 10


def test_an_empty_class_folder(class_folders: Path) -> None:
    (class_folders / "dog").mkdir()
    assert "the class folder dog is empty" in refusal(class_folders)
    assert len(load_dataset(class_folders, classes=["ant", "cow"])) == 10


def test_an_unknown_class(class_folders: Path) -> None:
    message = refusal(class_folders, classes=["ant", "cwo"])
    assert "no images of a class 'cwo'. Did you mean cow? It has ant, Bee and cow." in message
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


def test_many_images_pass_through_small_chunks(
    class_folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (class_folders / "ant" / "2.png").write_bytes(b"broken")
    whole = load_dataset(class_folders)
    shutil.rmtree(cache_dir())
    monkeypatch.setattr("neuplug.data.building._CHUNK", 2)
    assert same(whole, load_dataset(class_folders))


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
