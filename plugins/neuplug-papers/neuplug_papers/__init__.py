"""Published systems that one command runs."""

from neuplug import Component, hookimpl


@hookimpl
def neuplug_recipes():  # type: ignore[no-untyped-def]
    """One for each paper."""
    yield Component(
        "edcgan2023",
        "neuplug_papers:edcgan2023.yaml",
        "EDCGAN images for MobileNetV2, from all real to all generated",
    )
    yield Component(
        "farhat",
        "neuplug_papers:farhat.yaml",
        "DCGAN views of cows and horses, tested on another animal",
    )
    yield Component(
        "reser2020",
        "neuplug_papers:reser2020.yaml",
        "DCGAN images for a small CNN, from 10 to 50 images a class",
    )
    yield Component(
        "schlagenhauf2020",
        "neuplug_papers:schlagenhauf2020.yaml",
        "DCGAN crops of ball screw failures, in six tasks",
    )
    yield Component(
        "zamani",
        "neuplug_papers:zamani.yaml",
        "DCGAN for all six NEU classes at 28x28, watched over its epochs",
    )
