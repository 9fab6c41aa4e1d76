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


def test_fit_predict_score(bars: neuplug.TrainingSet) -> None:
    x, y = bars.images, np.array(bars.classes)[bars.labels.numpy()]
    model = neuplug.ImageClassifier("conv", steps=60, device="cpu")
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
    model = neuplug.ImageClassifier("conv", arm="mirror", steps=3, device="cpu")
    assert clone(model).get_params() == model.get_params()
    assert len(cross_val_score(model, x, y, cv=2)) == 2
    search = GridSearchCV(model, {"arm": ["none", "mirror"]}, cv=2).fit(x, y)
    assert search.best_params_["arm"] in ("none", "mirror")
    features = make_pipeline(model.set_params(steps=20), LogisticRegression()).fit(x, y)
    assert features.predict(x).shape == (24,)


def test_an_arm_sees_the_training_images_alone(bars: neuplug.TrainingSet) -> None:
    x, y = bars.images.numpy()[:, 0], bars.labels.numpy()
    model = neuplug.ImageClassifier(
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
        neuplug.ImageClassifier("mirror").fit(x, y)
    with pytest.raises(neuplug.InputError, match="training has no option 'stepz'"):
        neuplug.ImageClassifier("conv", training={"stepz": 3}).fit(x, y)
