"""Components that return what they should not, or nothing ever."""

import os
import signal

import torch
from torch import nn

from neuplug import Evaluation, Evaluator, FitRecord, Metric, Mixer

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
        fault, metrics, figures, warnings = self.fault, [Metric("n", 3, unit="images")], [], []
        match fault:
            case "evaluation":
                return {"n": 3}
            case "warnings":
                warnings = "text"
            case "warning":
                warnings = [3]
            case "nan":
                metrics.append(Metric("grey", float("nan")))
            case "tensor":
                metrics.append(Metric("grey", torch.tensor(1.0)))
            case "true":
                metrics[0] = Metric("n", True)
            case "negative":
                metrics[0] = Metric("grey", 1.0, n=-3)
            case "count":
                metrics[0] = Metric("n", 1.5, unit="images")
            case "nameless":
                metrics.append(Metric("", 1.0))
            case "numbered":
                metrics.append(Metric(7, 1.0))
            case "dict":
                metrics = {"grey": 1.0}
            case "bare":
                metrics.append(1.0)
            case "twice":
                metrics.append(Metric("n", 4))
            case "class":
                metrics.append(Metric("grey", 1.0, class_name="sitting"))
            case "end":
                metrics.append(Metric("grey", 1.0, class_name="lying", low=0.5))
            case "deviation":
                metrics.append(Metric("grey", 1.0, std=float("inf")))
            case "share":
                metrics.append(Metric("copies", 12.5, unit="share"))
            case "better":
                metrics.append(Metric("grey", 1.0, higher_is_better="no"))
            case "unit":
                metrics.append(Metric("grey", 1.0, unit=None))
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
    "guide": {"guide": ["grey"]},
    "property": {"title": property(lambda self: "Faulty")},
}

for name in FAULTY:
    changes = {"fault": name, **WORDS.get(name, {})}
    globals()[f"Faulty_{name.replace('.', '_')}"] = type("Faulty", (Faulty,), changes)


def _mixed(wrong):
    class Mixed(Mixer):
        def mix(self, images, targets, rng):
            return wrong(images.clone(), targets.clone())

    return Mixed


def _raise(images, targets):
    raise RuntimeError("planted")


Mixed_images = _mixed(lambda images, targets: (images.float(), targets))
Mixed_size = _mixed(lambda images, targets: (images[..., 1:], targets))
Mixed_floats = _mixed(lambda images, targets: (images, targets.double()))
Mixed_type = _mixed(lambda images, targets: (images, None))
Mixed_count = _mixed(lambda images, targets: (images, targets[1:]))
Mixed_range = _mixed(lambda images, targets: (images, targets * 3 - 1))
Mixed_sum = _mixed(lambda images, targets: (images, targets / 2))
Mixed_nan = _mixed(lambda images, targets: (images, targets / 0))
Mixed_one = _mixed(lambda images, targets: images)
Mixed_raises = _mixed(_raise)
