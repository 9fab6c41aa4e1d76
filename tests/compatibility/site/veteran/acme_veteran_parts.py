"""Its components: no title, no guide, no unit of a curve, no word on joining or determinism."""

import torch
from torch import nn

from neuplug import Augmenter, Classifier, Evaluation, Evaluator, FitRecord, Generator, Metric


class Mirror(Augmenter):
    def augment(self, images, rng):
        return images.flip(3)


class Echo(Generator):
    def fit(self, train, context):
        self.images = train.images
        context.progress(1, 1)
        # by position, with as many fields as there were
        return FitRecord({"loss": [(1, 1.0), (2, 0.5)]}, [(1, train.images[:2])], [], [], None)

    def sample(self, labels, seed):
        rng = torch.Generator().manual_seed(seed)
        return self.images[torch.randint(len(self.images), (len(labels),), generator=rng)]

    def state_dict(self):
        return {"images": self.images}

    def load_state_dict(self, state):
        self.images = state["images"]


class Mute(Echo):
    def fit(self, train, context):
        self.images = train.images


class Line(Classifier):
    def build(self, num_classes, in_chans, image_size):
        return Net(num_classes, in_chans * image_size[0] * image_size[1])


class Net(nn.Module):
    def __init__(self, num_classes, features):
        super().__init__()
        self.head = nn.Linear(features, num_classes)

    def forward_features(self, images):
        return images.flatten(1)

    def forward(self, images):
        return self.head(self.forward_features(images))


class Grey(Evaluator):
    def evaluate(self, context):
        images = context.generated.images
        return Evaluation((Metric("grey", float(images.float().mean()), n=len(images)),))
