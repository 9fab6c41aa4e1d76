"""The classifier in scikit-learn's own tools."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline

import neuplug
from neuplug_sklearn.classifier import ImageClassifier


def test_fit_predict_score(bars: neuplug.TrainingSet) -> None:
    x, y = bars.images, np.array(bars.classes)[bars.labels.numpy()]
    model = ImageClassifier("conv", steps=60, device="cpu")
    with pytest.raises(NotFittedError):
        model.predict(x)
    assert model.fit(x, y) is model
    assert model.classes_.tolist() == ["lying", "upright"]
    assert model.score(x, y) > 0.9
    odds = model.predict_proba(x)
    assert odds.shape == (24, 2) and np.allclose(odds.sum(1), 1)
    assert (model.classes_[odds.argmax(1)] == model.predict(x)).all()
    arrays = x.numpy()[:, 0]  # the same images, as another library has them
    assert (model.predict(arrays) == model.predict(x)).all()


def test_clones_search_and_cross_validation(bars: neuplug.TrainingSet) -> None:
    x, y = bars.images.numpy()[:, 0], bars.labels.numpy()
    model = ImageClassifier("conv", arm="mirror", steps=3, device="cpu")
    assert clone(model).get_params() == model.get_params()
    assert len(cross_val_score(model, x, y, cv=2)) == 2
    search = GridSearchCV(model, {"arm": ["none", "mirror"]}, cv=2).fit(x, y)
    assert search.best_params_["arm"] in ("none", "mirror")
    features = make_pipeline(model.set_params(steps=20), LogisticRegression()).fit(x, y)
    assert features.predict(x).shape == (24,)


def test_an_arm_sees_the_training_images_alone(bars: neuplug.TrainingSet) -> None:
    x, y = bars.images.numpy()[:, 0], bars.labels.numpy()
    model = ImageClassifier(
        "conv",
        arm="jitter@add=2+mirror",
        steps=2,
        options={"jitter": {"steps": 2}, "conv": {"dropout": 0.1}},
        device="cpu",
    ).fit(x[:12], y[:12])
    real = [i for i, origin in enumerate(model.arm_.train.origins) if origin == "real"]
    kept = model.arm_.train.images[real].numpy()[:, 0]
    assert len(model.arm_.train) == 16 and len(kept) == 12
    assert {image.tobytes() for image in kept} == {image.tobytes() for image in x[:12]}


def test_what_does_not_exist_is_refused(bars: neuplug.TrainingSet) -> None:
    x, y = bars.images, bars.labels
    with pytest.raises(neuplug.InputError, match="mirror is not a classifier"):
        ImageClassifier("mirror").fit(x, y)
    with pytest.raises(neuplug.InputError, match="training has no option 'stepz'"):
        ImageClassifier("conv", training={"stepz": 3}).fit(x, y)


def test_arrays_with_channels_elsewhere_are_refused() -> None:
    images = np.zeros((4, 1, 32, 30), dtype=np.uint8)
    with pytest.raises(ValueError, match=r"\(N, H, W, C\) .*not \(4, 1, 32, 30\); .*from_numpy"):
        ImageClassifier("conv", device="cpu").fit(images, [0, 1] * 2)


def test_an_arm_of_which_nothing_is_left(bars: neuplug.TrainingSet) -> None:
    model = ImageClassifier("linear", arm="echo@replace,filter=copies", steps=2)
    with pytest.raises(neuplug.NeuplugError, match=r"leaves class 0 .* let 0 of 120 images pass"):
        model.fit(bars.images, bars.labels.numpy())
