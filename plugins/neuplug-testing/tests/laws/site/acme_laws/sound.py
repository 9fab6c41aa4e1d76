"""Components that keep every law."""

from neuplug import Component, hookimpl

PARTS = "acme_laws.sound_parts"


@hookimpl
def neuplug_augmenters():
    yield Component("acme-noise", f"{PARTS}:Noise", "adds noise")
    yield Component("acme-twofold", f"{PARTS}:Twofold", "adds noise, and more at once")
    yield Component("acme-stretch", f"{PARTS}:Stretch", "always the same")
    yield Component("acme-tint", f"{PARTS}:Tint", "takes RGB alone")
    yield Component("acme-seeing", f"{PARTS}:Seeing", "draws by what it sees")
    yield Component("acme-process", f"{PARTS}:Process", "starts another process")
    yield Component("acme-blend", f"{PARTS}:Blend", "means of two images", mixes=True)
    yield Component("acme-seldom", f"{PARTS}:Seldom", "the same, of few images", mixes=True)


@hookimpl
def neuplug_generators():
    yield Component("acme-jitter", f"{PARTS}:Jitter", "keeps checkpoints by the clock")
    yield Component("acme-warm", f"{PARTS}:Warm", "classes that start alike")
    yield Component("acme-jitters", f"{PARTS}:Jitters", "all classes at once")
    yield Component("acme-pairs", f"{PARTS}:Pairs", "refuses a single image")
    yield Component("acme-mixture", f"{PARTS}:Mixture", "a latent space")


@hookimpl
def neuplug_classifiers():
    yield Component("acme-net", f"{PARTS}:Linear", "one hidden layer")
    yield Component("acme-normed", f"{PARTS}:Normed", "with batch normalisation")
    yield Component("acme-grey", f"{PARTS}:Grey", "takes grey alone")
    yield Component("acme-large", f"{PARTS}:Large", "takes images from 100 pixels")


@hookimpl
def neuplug_evaluators():
    yield Component("acme-count", f"{PARTS}:Count", "looks at everything")
    yield Component("acme-sure", f"{PARTS}:Sure", "looks at predictions")
