"""Components that pass unknown fields."""

from acme_veteran_parts import Echo, Grey

from neuplug import Evaluation, FitRecord


class Early(Echo):
    def fit(self, train, context):
        super().fit(train, context)
        return FitRecord(gradients={"norm": [(1, 1.0)]})


class Table(Grey):
    def evaluate(self, context):
        return Evaluation((), tables=("a.csv",))
