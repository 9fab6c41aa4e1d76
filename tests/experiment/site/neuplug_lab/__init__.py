"""A third party's plugin for the tests of compose: quick components, and some with faults."""

from neuplug import Component, hookimpl

PARTS = "neuplug_lab.parts"
NETWORKS = "neuplug_lab.networks"
FAULTS = "neuplug_lab.faults"
FAULTY = (
    "none", "evaluation", "warnings", "warning", "nan", "tensor", "true", "negative", "nameless",
    "numbered", "count", "dict", "bare", "twice", "class", "end", "deviation", "share", "better",
    "unit", "title", "guide", "property", "empty.png", "empty.svg", "text.png",
    "text.svg", "gone.png", "elsewhere.png", "one.svg",
)  # fmt: skip

MIXED = ("images", "size", "floats", "type", "count", "range", "sum", "nan", "one", "raises")


@hookimpl
def neuplug_augmenters():
    yield Component("invert", f"{PARTS}:Invert", "turns black to white")
    yield Component("same", f"{PARTS}:Same", "changes nothing, but draws random numbers")
    yield Component("mirror", f"{PARTS}:Mirror", "mirrors some images, left and right")
    yield Component("loud", f"{PARTS}:Loud", "prints what no terminal should see")
    yield Component("floats", f"{PARTS}:Floats", "fault: returns floats")
    yield Component("blend", f"{PARTS}:Blend", "means of two images", mixes=True)
    for name in MIXED:
        yield Component(f"mixed-{name}", f"{FAULTS}:Mixed_{name}", "fault", mixes=True)
    yield Component("unsaid", f"{PARTS}:Unsaid", "fault: a mixer that does not say so")


@hookimpl
def neuplug_generators():
    yield Component("jitter", f"{PARTS}:Jitter", "training images with noise")
    yield Component("tinted", f"{PARTS}:Tinted", "means, from a start that all classes share")
    yield Component("leaving", f"{PARTS}:Leaving", "fault: its worker dies, its child does not")
    yield Component("magpie", f"{PARTS}:Magpie", "copies of training images and noise in turn")
    yield Component("echo", f"{PARTS}:Echo", "control: training images, called generated")
    yield Component("large", f"{PARTS}:Large", "takes no small images")
    yield Component("astray", f"{PARTS}:Astray", "fault: its loss is not finite")
    yield Component("crash", f"{PARTS}:Crash", "fault: fails in fit")
    yield Component("small", f"{PARTS}:Small", "fault: images of another size")
    yield Component("curve", f"{FAULTS}:Curve", "fault: a record that cannot be shown")


@hookimpl
def neuplug_classifiers():
    yield Component("linear", f"{PARTS}:Linear", "one linear layer")
    yield Component("conv", f"{NETWORKS}:Conv", "a small convolutional network")
    yield Component("dropping", f"{PARTS}:Dropping", "a linear layer behind dropout")
    yield Component("spare", f"{FAULTS}:Spare", "fault: one logit too many")
    yield Component("rounded", f"{FAULTS}:Rounded", "fault: whole numbers")
    yield Component("blind", f"{FAULTS}:Blind", "fault: no number after training")


@hookimpl
def neuplug_evaluators():
    yield Component("brightness", f"{PARTS}:Brightness", "mean grey level of generated images")
    yield Component("confidence", f"{PARTS}:Confidence", "mean largest probability")
    yield Component("walker", f"{PARTS}:Walker", "draws more images and embeds them")
    yield Component("broken", f"{PARTS}:Broken", "fault: fails")
    for name in FAULTY:
        plain = name.replace(".", "_")
        yield Component(f"faulty-{plain.replace('_', '-')}", f"{FAULTS}:Faulty_{plain}", "fault")


PLACES = "neuplug_lab.places"


@hookimpl
def neuplug_executors():
    yield Component("inline", f"{PLACES}:Inline", "tasks as text, one by one")
    yield Component("closed", f"{PLACES}:Closed", "fault: no place to run")


@hookimpl
def neuplug_recipes():
    yield Component("sketch", "neuplug_lab:sketch.yaml", "a made-up study of noise")
    yield Component("blot", "neuplug_lab:blot.yaml", "fault: no YAML")
    yield Component("lost", "neuplug_lab:lost.yaml", "fault: is not there")


@hookimpl
def neuplug_layouts():
    yield Component("sheet", f"{PLACES}:Sheet", "images named in sheet.tsv")
    yield Component("torn", f"{PLACES}:Torn", "fault: fails where there is a torn.tsv")
    yield Component("shredded", f"{PLACES}:Shredded", "fault: is not there")


@hookimpl
def neuplug_sections():
    yield Component("wages", f"{PLACES}:Wages", "what the arms' trainings cost")
    yield Component("unpaid", f"{PLACES}:Unpaid", "fault: fails in a run of that name")


@hookimpl
def neuplug_reporters():
    yield Component("markdown", f"{PLACES}:Markdown", "verdicts as a table")
    yield Component("mute", f"{PLACES}:Mute", "no file")
    yield Component("strict", f"{PLACES}:Strict", "fault: refuses where it is named")
    yield Component("tearing", f"{PLACES}:Tearing", "fault: fails where it is named")
    yield Component("absent", f"{PLACES}:Absent", "fault: is not there")
