"""neuplug's classifiers as a scikit-learn estimator: a library, no component of its own."""
