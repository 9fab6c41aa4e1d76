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
    model = neuplug.ImageClassifier("smallcnn", steps=60, device="cpu")
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
    model = neuplug.ImageClassifier("smallcnn", arm="flip", steps=3, device="cpu")
    assert clone(model).get_params() == model.get_params()
    assert len(cross_val_score(model, x, y, cv=2)) == 2
    search = GridSearchCV(model, {"arm": ["none", "flip"]}, cv=2).fit(x, y)
    assert search.best_params_["arm"] in ("none", "flip")
    features = make_pipeline(model.set_params(steps=20), LogisticRegression()).fit(x, y)
    assert features.predict(x).shape == (24,)


def test_an_arm_sees_the_training_images_alone(bars: neuplug.TrainingSet) -> None:
    x, y = bars.images.numpy()[:, 0], bars.labels.numpy()
    model = neuplug.ImageClassifier(
        "smallcnn",
        arm="dcgan@add=2+flip",
        steps=2,
        options={"dcgan": {"steps": 2, "ngf": 4, "ndf": 4}, "smallcnn": {"dropout": 0.1}},
        device="cpu",
    ).fit(x[:12], y[:12])
    real = [i for i, origin in enumerate(model.arm_.train.origins) if origin == "real"]
    kept = model.arm_.train.images[real].numpy()[:, 0]
    assert len(model.arm_.train) == 16 and len(kept) == 12
    assert {image.tobytes() for image in kept} == {image.tobytes() for image in x[:12]}


def test_what_does_not_exist_is_refused(bars: neuplug.TrainingSet) -> None:
    x, y = bars.images, bars.labels
    with pytest.raises(neuplug.InputError, match="flip is not a classifier"):
        neuplug.ImageClassifier("flip").fit(x, y)
    with pytest.raises(neuplug.InputError, match="training has no option 'stepz'"):
        neuplug.ImageClassifier("smallcnn", training={"stepz": 3}).fit(x, y)
