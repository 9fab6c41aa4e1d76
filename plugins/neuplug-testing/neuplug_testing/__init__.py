"""The laws that every plugin keeps, to be checked by its author.

In a test file of the plugin, which must be installed (``pip install -e .``), each law is a test::

    import pytest

    @pytest.mark.neuplug("neuplug-posterize")
    def test_law(neuplug_law):
        neuplug_law()

The marker and the fixture come with this package; nothing else is to be set up. Without pytest,
``neuplug plugins check neuplug-posterize`` prints what is broken, and in Python
``check_plugin("neuplug-posterize")``, or ``check_component("posterize")``, raises
:class:`LawsBroken`; :func:`iterate_plugin` yields the outcomes as data.

A component is checked with its ``quick_options``, so that a generator fits in a second. Others go
on top of them: ``--set posterize.levels=4`` for the command, ``options={"levels": 4}`` for a
component, ``options={"posterize": {"levels": 4}}`` for a plugin and for the marker.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
