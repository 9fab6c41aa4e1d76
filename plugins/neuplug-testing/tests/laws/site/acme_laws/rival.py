"""Offers a name that acme-faults offers too."""

from neuplug import Component, hookimpl


@hookimpl
def neuplug_augmenters():
    yield Component("name-is-its-own", "acme_laws.sound_parts:Noise", "the other one")
