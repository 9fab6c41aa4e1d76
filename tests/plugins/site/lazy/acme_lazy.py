"""Loads its heavy part when somebody asks for it."""

from neuplug import Component, hookimpl


@hookimpl
def neuplug_augmenters():
    yield Component("acme-lazy", "acme_good_parts:Dim", "a summary")


def __dir__():
    return [*globals(), "Heavy"]


def __getattr__(name):
    raise AssertionError(f"{name} was asked for during discovery")
