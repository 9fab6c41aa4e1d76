"""A plugin that works, though what it asks for is not what is installed."""

from neuplug import Component, hookimpl


@hookimpl
def neuplug_augmenters():
    yield Component("acme-still", "acme_unsuited_parts:Still", "changes nothing")
    yield Component("acme-lost", "acme_unsuited_nowhere:Lost", "fault: its module is not there")
