"""Each step of compose, taken by itself through the public names."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

import neuplug

TINY: dict[str, Any] = {"dcgan": {"steps": 2, "ngf": 4, "ndf": 4}}


def test_a_pipeline_from_a_folder_to_a_verdict(tmp_path: Path) -> None:
    data = neuplug.load_dataset("demo", imgsz=(32, 32), classes=["scratches", "patches"])
    scores: dict[str, list[Any]] = {"none": [], "flip": []}
    items = []
    for repeat in range(2):
        split = neuplug.draw_split(data, per_class=6, seed=0, repeat=repeat)
        train, _, test = split.sets(data)
        for arm in scores:
            ready = neuplug.build_arm(arm, train, seed=0, repeat=repeat)
            fitted, _ = neuplug.fit_classifier(
                neuplug.load("smallcnn"),
                ready.train,
                neuplug.TrainingOptions(steps=10),
                neuplug.FitContext(torch.device("cpu"), seed=repeat),
                augmenter=ready.augmenter,
            )
            logits = fitted.predict(test)
            found = neuplug.classification_metrics(logits, test.labels, test.classes)
            right = (logits.argmax(1) == test.labels).numpy()
            assert found.accuracy == pytest.approx(right.mean())
            scores[arm].append(right)
        items.append(np.array(test.ids))
    comparison = neuplug.compare(scores, items)["flip"]
    assert comparison.verdict in ("helps", "no evidence", "harms")
    assert comparison.difference.n == 2


def test_an_arm_is_the_one_that_compose_trains_on(
    bars: neuplug.TrainingSet, own_store: Path, tmp_path: Path
) -> None:
    """The same images, seed and repeat: the store has the arm already, image by image."""
    result = neuplug.compose(
        bars, aug=["dcgan"], clf=["smallcnn"], options=TINY, training={"steps": 2}, add=3,
        repeats=1, per_class=8, imgsz=32, workers=0, project=tmp_path, save_generated=True,
    )  # fmt: skip
    lines = (result.folder / "manifest.csv").read_text().splitlines()
    assert any("dcgan" in line for line in lines)
    data = neuplug.Dataset.from_imageset(bars)
    split = neuplug.draw_split(data, per_class=8, seed=0, repeat=0)
    done = finished_jobs(own_store)
    arm = neuplug.build_arm("dcgan", split.sets(data)[0], add=3, options=TINY)
    assert arm.train.counts() == {"upright": 11, "lying": 11}
    assert set(arm.train.origins) == {"real", "dcgan"}
    assert finished_jobs(own_store) == done  # nothing was done again


def finished_jobs(store: Path) -> set[Path]:
    return set(store.rglob("about.json"))


def test_arms_online_augmented_and_plain(bars: neuplug.TrainingSet) -> None:
    plain = neuplug.build_arm("none", bars)
    assert plain.augmenter is None and set(plain.train.ids) == set(bars.ids)
    online = neuplug.build_arm("flip+rotate", bars)
    assert online.augmenter is not None and len(online.train) == len(bars)
    changed = online.augmenter.augment(bars.images, torch.Generator().manual_seed(0))
    assert changed.shape == bars.images.shape and not torch.equal(changed, bars.images)
    made = neuplug.build_arm("flip@to=20", bars, seed=1)
    assert made.augmenter is None and made.train.counts() == {"upright": 20, "lying": 20}
    again = neuplug.build_arm("flip@to=20", bars, seed=1)
    other = neuplug.build_arm("flip@to=20", bars, seed=2)
    assert torch.equal(made.train.images, again.train.images)
    assert not torch.equal(made.train.images, other.train.images)
    parents = {p for p in made.train.parents if p}
    assert parents <= set(bars.ids) and len(parents) > 1


def test_an_arm_with_a_judge(bars: neuplug.TrainingSet) -> None:
    judge = {"channels": 4}  # it trains for as long as a user's
    options = {"dcgan": {**TINY["dcgan"], "steps": 3}, "smallcnn": judge}
    text = "dcgan@add=4,filter=agreement:0"
    arm = neuplug.build_arm(text, bars, options=options, judge="smallcnn")
    assert len(arm.train) <= len(bars) + 8
    with pytest.raises(neuplug.InputError, match="name one as judge"):
        neuplug.build_arm(text, bars, options=options)


def test_wrong_arms_are_refused(bars: neuplug.TrainingSet) -> None:
    with pytest.raises(neuplug.InputError, match=r"flipp.*flip"):
        neuplug.build_arm("flipp", bars)
    with pytest.raises(neuplug.InputError, match="noise"):
        neuplug.build_arm("flip", bars, options={"noise": {"max_std": 0.1}})


@pytest.mark.parametrize("conditional", [False, True])
def test_a_generator_draws_what_it_learned(bars: neuplug.TrainingSet, conditional: bool) -> None:
    more = {**TINY["dcgan"], "steps": 40, "lr": 2e-3, "ema": 0}  # enough to draw different images
    blank: Any = neuplug.load("dcgan", conditional=conditional, **more)
    told: list[int] = []
    fitted = neuplug.fit_generator(
        blank, bars, device="cpu", progress=lambda done, total, note="": told.append(done)
    )
    assert told and set(fitted.sources) == set(bars.classes)
    drawn = fitted.sample({"lying": 3, "upright": 1}, seed=1)
    assert drawn.counts() == {"upright": 1, "lying": 3}
    assert drawn.images.dtype == torch.uint8 and set(drawn.origins) == {"dcgan"}
    assert torch.equal(drawn.images, fitted.sample({"lying": 3, "upright": 1}, 1).images)
    assert not torch.equal(drawn.images, fitted.sample({"lying": 3, "upright": 1}, 2).images)
    with pytest.raises(neuplug.InputError, match=r"has not learned oblique; it draws upright"):
        fitted.sample({"oblique": 1}, seed=0)
    with pytest.raises(RuntimeError):  # the one that was handed over is still blank
        blank.state_dict()
    together = neuplug.TrainingSet.concatenate([bars, drawn])
    assert len(together) == len(bars) + 4


def test_an_evaluator_by_itself(bars: neuplug.TrainingSet, tmp_path: Path) -> None:
    test = neuplug.held_out(bars)
    fitted, _ = neuplug.fit_classifier(
        neuplug.load("smallcnn"),
        bars,
        neuplug.TrainingOptions(steps=2),
        neuplug.FitContext(torch.device("cpu"), 0),
    )
    generator = neuplug.fit_generator(neuplug.load("duplicate"), bars, device="cpu")
    drawn = generator.sample(10, seed=0)
    found = neuplug.evaluate(
        "memorization", train=bars, test=test, generated=drawn, generator=generator,
        classifier=fitted, folder=tmp_path / "figures",
    )  # fmt: skip
    assert found.metrics and all(file.is_file() for file in found.figures)
    with pytest.raises(neuplug.InputError, match="needs"):
        neuplug.evaluate("memorization", train=bars, test=test, generated=drawn)
    with pytest.raises(neuplug.InputError, match="flip is not an evaluator"):
        neuplug.evaluate("flip", train=bars, test=test)


def test_arrays_become_sets() -> None:
    photos = np.arange(2 * 8 * 9 * 3, dtype=np.uint8).reshape(2, 8, 9, 3)
    colour = neuplug.training_set(photos, ["b", "a"])
    assert colour.images.shape == (2, 3, 8, 9) and colour.classes == ("a", "b")
    assert colour.labels.tolist() == [1, 0]
    assert torch.equal(colour.images[1, 2], torch.from_numpy(photos[1, :, :, 2].copy()))
    named = neuplug.training_set(photos[..., 0], ["x", "y"], classes=["y", "x"], ids=["p", "q"])
    assert named.labels.tolist() == [1, 0] and named.ids == ("p", "q")
    with pytest.raises(ValueError, match="float64"):
        neuplug.training_set(photos / 255, ["a", "b"])
    with pytest.raises(ValueError, match="not classes: z"):
        neuplug.training_set(photos, ["y", "z"], classes=["x", "y"])
    with pytest.raises(ValueError, match="labels must be int64"):
        neuplug.training_set(photos, ["a"])


def test_a_set_in_torch_loaders(bars: neuplug.TrainingSet) -> None:
    view = neuplug.TorchDataset(bars)
    assert len(view) == 24 and view.classes == ("upright", "lying")
    batches = list(DataLoader(view, batch_size=10, num_workers=1))
    assert [len(labels) for _, labels in batches] == [10, 10, 4]
    assert torch.equal(torch.cat([labels for _, labels in batches]), bars.labels)
    images = torch.cat([images for images, _ in batches])
    assert torch.equal((images * 255).round().to(torch.uint8), bars.images)
    doubled = neuplug.TorchDataset(bars, transform=torch.Tensor.double)
    assert doubled[3][0].dtype == torch.float64 and doubled[3][1] == 1
    assert len(pickle.loads(pickle.dumps(view))) == 24


def test_compare_knows_a_clear_case() -> None:
    rng = np.random.default_rng(0)
    base = [rng.random(200) < 0.5 for _ in range(5)]
    scores = {
        "none": base,
        "better": [b | (rng.random(200) < 0.5) for b in base],
        "worse": [b & (rng.random(200) < 0.5) for b in base],
        "same": base,
    }
    found = neuplug.compare(scores)
    assert [found[a].verdict for a in ("better", "worse", "same")] == [
        "helps", "harms", "no evidence",
    ]  # fmt: skip
    assert found["better"].adjusted_p is not None and found["better"].difference.p is not None
    assert found["better"].adjusted_p > found["better"].difference.p  # Holm
    one = neuplug.compare({arm: each[:1] for arm, each in scores.items()})
    assert {c.verdict for c in one.values()} == {"one repeat"}


def test_compare_refuses_what_does_not_pair() -> None:
    with pytest.raises(ValueError, match="no arm 'none'"):
        neuplug.compare({"flip": [[1.0]]})
    with pytest.raises(ValueError, match="different repeats or test images"):
        neuplug.compare({"none": [[1, 0], [1, 1]], "flip": [[1, 0]]})
    with pytest.raises(ValueError, match="items"):
        neuplug.compare({"none": [[1, 0], [1]], "flip": [[1, 0], [1]]})


def test_images_that_a_component_cannot_take_are_refused_first(own_store: Path) -> None:
    tiny = neuplug.training_set(torch.zeros(6, 1, 16, 16, dtype=torch.uint8), [0, 1] * 3)
    with pytest.raises(neuplug.InputError, match="28 to 256"):
        neuplug.build_arm("dcgan", tiny, judge="mobilenetv2")
    assert not finished_jobs(own_store)
