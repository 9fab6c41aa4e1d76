"""Components that break one law each; each is called after it, and after how where that is needed.

Where a fault cannot but break several, its name begins with a word of its own.
"""

import inspect

from neuplug import Component, hookimpl


def _parts(kind, module="fault_parts", mixes=False):
    from acme_laws import fault_names

    for name, target in vars(fault_names)[kind].items():
        summary = inspect.cleandoc("a fault")
        yield Component(name, f"acme_laws.{module}:{target}", summary, mixes=mixes)


@hookimpl
def neuplug_augmenters():
    yield from _parts("AUGMENTERS")
    yield from _parts("MIXERS", "fault_mixers", mixes=True)
    yield Component("is-documented_blank", "acme_laws.sound_parts:Noise", " ")


@hookimpl
def neuplug_generators():
    yield from _parts("GENERATORS")


@hookimpl
def neuplug_classifiers():
    yield from _parts("CLASSIFIERS")


@hookimpl
def neuplug_evaluators():
    yield from _parts("EVALUATORS")
