"""Components that return what they should not, or nothing ever."""

import os
import signal

import torch
from torch import nn

from neuplug import Evaluation, Evaluator, FitRecord

from . import FAULTY
from .parts import Jitter, JitterOptions, Linear


class Spare(Linear):
    def build(self, num_classes, in_chans, image_size):
        return super().build(num_classes + 1, in_chans, image_size)


class Rounded(Linear):
    def build(self, *arguments):
        return nn.Sequential(super().build(*arguments), Rounding())


class Rounding(nn.Module):
    def forward(self, logits):
        return logits.long()


class Blind(Linear):
    """Learns, and knows nothing afterwards."""

    def build(self, *arguments):
        return nn.Sequential(super().build(*arguments), Blinding())


class Blinding(nn.Module):
    def forward(self, logits):
        return logits if self.training else logits / 0 * 0


class CurveOptions(JitterOptions):
    fault: str = "nan"


class Curve(Jitter):
    options_class = CurveOptions

    def fit(self, train, context):
        super().fit(train, context)
        if self.options.fault == "exit":
            os._exit(3)
        if self.options.fault == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        return {
            "nan": FitRecord(curves={"distance": [(1, 1.0), (2, float("nan"))]}),
            "dict": {"curves": {}},
            "text": FitRecord(warnings="collapse"),
        }[self.options.fault]


class Faulty(Evaluator):
    fault = "none"
    title = "Faulty"

    def evaluate(self, context):
        fault, metrics, figures, warnings = self.fault, {"n": 3}, [], []
        match fault:
            case "evaluation":
                return {"n": 3}
            case "warnings":
                warnings = "text"
            case "warning":
                warnings = [3]
            case "nan":
                metrics["grey"] = float("nan")
            case "tensor":
                metrics["grey"] = torch.tensor(1.0)
            case "true":
                metrics["n"] = True
            case "negative":
                metrics["n"] = -3
            case "nameless":
                metrics[""] = 1.0
            case "numbered":
                metrics[7] = 1.0
            case "empty.png" | "empty.svg" | "elsewhere.png" | "gone.png":
                figures = [context.folder / fault]
                figures[0].touch()
            case "text.png" | "text.svg":
                figures = [context.folder / fault]
                figures[0].write_text("no picture")
            case "one.svg":
                (context.folder / fault).write_text("<svg/>")
                figures = context.folder / fault
        if fault == "gone.png":
            figures[0].unlink()
        if fault == "elsewhere.png":
            figures = [context.folder.parent / fault]
            figures[0].write_bytes(b"\x89PNG\r\n\x1a\n")
        return Evaluation(metrics, figures, warnings)


WORDS = {
    "title": {"title": None},
    "terms": {"terms": ["grey"]},
    "shares": {"shares": "grey"},
    "property": {"shares": property(lambda self: ("grey",))},
}

for name in FAULTY:
    changes = {"fault": name, **WORDS.get(name, {})}
    globals()[f"Faulty_{name.replace('.', '_')}"] = type("Faulty", (Faulty,), changes)
