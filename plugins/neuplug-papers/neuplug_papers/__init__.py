"""Published systems that one command runs."""

from neuplug import Component, hookimpl

RECIPES = {
    "edcgan2023": "EDCGAN images for MobileNetV2, from all real to all generated",
    "farhat": "DCGAN views of cows and horses, tested on another animal",
    "reser2020": "DCGAN images for a small CNN, from 10 to 50 images a class",
    "schlagenhauf2020": "DCGAN crops of ball screw failures, in six tasks",
    "zamani": "DCGAN for all six NEU classes at 28x28, watched over its epochs",
}


@hookimpl
def neuplug_recipes():  # type: ignore[no-untyped-def]
    """One for each paper."""
    for name, summary in RECIPES.items():
        yield Component(name, f"neuplug_papers:{name}.yaml", summary)


@hookimpl
def neuplug_sections():  # type: ignore[no-untyped-def]
    """The paper's numbers beside the run's."""
    target = "neuplug_papers.beside:BesideThePaper"
    yield Component("paper", target, "a recipe's published numbers beside the run's")
