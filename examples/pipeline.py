"""neuplug in a pipeline of your own: compare arms, then use a generator by itself.

    uv run python examples/pipeline.py [FOLDER]

Without a folder it uses the demo data, which is simulated. With ``--quick`` it does everything in
a minute, too little for good images.
"""

from __future__ import annotations

import argparse
from typing import Any

import torch

import neuplug


def main() -> None:
    """Compare two arms with a small CNN, then draw images of one class."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", nargs="?", default="demo")
    parser.add_argument("--quick", action="store_true")
    arguments = parser.parse_args()
    settings: dict[str, Any] = (
        {"imgsz": 28, "per_class": 8, "repeats": 2} if arguments.quick else {"repeats": 3}
    )
    steps = 20 if arguments.quick else 1000

    result = neuplug.compose(
        data=arguments.data,
        aug=["flip", "dcgan"],
        clf=["smallcnn"],
        options={"dcgan": {"steps": steps}},
        training={"steps": 20 if arguments.quick else 600},
        **settings,
    )
    for (arm, classifier), verdict in result.verdicts().items():
        mean = result.mean(arm, classifier)
        print(f"{arm} with {classifier}: {verdict} (accuracy {mean:.1%})")
    print("report:", result.report)

    # a component by itself: any uint8 images of one class will do
    images = torch.randint(0, 256, (16, 1, 32, 32), dtype=torch.uint8)
    train = neuplug.TrainingSet(
        images,
        labels=torch.zeros(16, dtype=torch.int64),
        classes=("noise",),
        ids=tuple(f"noise/{i}" for i in range(16)),
    )
    generator = neuplug.load("dcgan", steps=10)
    assert isinstance(generator, neuplug.Generator)
    generator.fit(train, neuplug.FitContext(device=torch.device("cpu"), seed=0))
    drawn = generator.sample(torch.zeros(4, dtype=torch.int64), seed=1)
    print("drawn:", tuple(drawn.shape), drawn.dtype)


if __name__ == "__main__":
    main()
