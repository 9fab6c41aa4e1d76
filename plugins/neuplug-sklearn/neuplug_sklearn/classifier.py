"""A classifier as scikit-learn knows them: ``fit``, ``predict``, ``score``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from neuplug import (
    Classifier,
    FitContext,
    FittedClassifier,
    TrainingOptions,
    TrainingSet,
    build_arm,
    fit_classifier,
    training_set,
)
from neuplug.experiment.config import over
from neuplug.library.steps import component_of
from neuplug.training.devices import pick_device


class ImageClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A neuplug classifier, trained on an arm's set, in the manner of scikit-learn.

    It can be cloned, cross-validated and searched over like any other: in each fold the arm, its
    generators included, sees that fold's training images alone.

    Args:
        classifier: A component's name.
        arm: How the training set is made, as after ``--aug``; ``none`` leaves it as it is.
        steps: Optimiser steps; by default the training loop's.
        training: Other options of the training loop.
        options: Component options by component name, the classifier's among them.
        seed: The source of all randomness.
        device: ``auto``, ``cpu``, ``cuda``.

    Attributes:
        classes_: The labels, sorted.
        arm_: What it was trained on, a :class:`neuplug.PreparedArm`.
        fitted_: The network, a :class:`neuplug.FittedClassifier`.

    Example:
        >>> import numpy as np
        >>> x = np.zeros((8, 32, 32), dtype=np.uint8); x[4:] = 200
        >>> y = ["dark"] * 4 + ["bright"] * 4
        >>> model = ImageClassifier("smallcnn", arm="flip", steps=20, device="cpu")
        >>> model.fit(x, y).predict(x[[0, 7]]).tolist()
        ['dark', 'bright']
        >>> model.predict_proba(x).shape, model.transform(x).shape
        ((8, 2), (8, 128))
    """

    def __init__(
        self,
        classifier: str,
        *,
        arm: str = "none",
        steps: int | None = None,
        training: Mapping[str, Any] | None = None,
        options: Mapping[str, Mapping[str, Any]] | None = None,
        seed: int = 0,
        device: str = "auto",
    ) -> None:
        self.classifier = classifier
        self.arm = arm
        self.steps = steps
        self.training = training
        self.options = options
        self.seed = seed
        self.device = device

    def fit(self, X: ArrayLike | Tensor, y: Any) -> Self:
        """Train.

        Args:
            X: uint8 images, 0-255: arrays (N, H, W) or (N, H, W, C), tensors (N, C, H, W).
            y: Labels of any kind that sorts, one for each image.

        Raises:
            InputError: If the classifier, the arm or an option does not exist.
            ValueError: If images and labels do not fit.
        """
        labels = np.asarray(y)
        self.classes_, indices = np.unique(labels, return_inverse=True)
        train = training_set(X, indices, [str(label) for label in self.classes_.tolist()])
        own = {name: dict(values) for name, values in (self.options or {}).items()}
        _, component = component_of(Classifier, self.classifier, **own.pop(self.classifier, {}))
        component.check_images(train.channels, train.image_size)
        asked = over(self.training or {}, {} if self.steps is None else {"steps": self.steps})
        self.arm_ = build_arm(
            self.arm,
            train,
            judge=self.classifier,
            options=own,
            seed=self.seed,
            device=self.device,
        )
        if self.arm_.class_balance != "none":
            asked = over(asked, {"class_balance": self.arm_.class_balance})
        context = FitContext(pick_device(self.device), self.seed, self.classifier)
        self.fitted_: FittedClassifier
        self.fitted_, self.record_ = fit_classifier(
            component,
            self.arm_.train,
            TrainingOptions.parse(asked, "training"),
            context,
            augmenter=self.arm_.augmenter,
            mixer=self.arm_.mixer,
        )
        return self

    def predict(self, X: ArrayLike | Tensor) -> NDArray[Any]:
        """The label of each image."""
        found = self._logits(X).argmax(1).numpy()
        labels: NDArray[Any] = self.classes_[found]
        return labels

    def predict_proba(self, X: ArrayLike | Tensor) -> NDArray[np.float64]:
        """The probability of each label, float64 (N, classes), in the order of ``classes_``."""
        return self._logits(X).double().softmax(1).numpy()

    def transform(self, X: ArrayLike | Tensor) -> NDArray[np.float32]:
        """The network's features, float32 (N, F), as for a pipeline's next step."""
        check_is_fitted(self, "fitted_")
        return self.fitted_.embed(_images(X).images).numpy()

    def _logits(self, X: ArrayLike | Tensor) -> Tensor:
        check_is_fitted(self, "fitted_")
        return self.fitted_.predict(_images(X))


def _images(images: ArrayLike | Tensor) -> TrainingSet:
    return training_set(images, np.zeros(len(images), dtype=np.int64))  # type: ignore[arg-type]
