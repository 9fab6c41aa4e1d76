"""pytest's marker ``neuplug`` and fixture ``neuplug_law``; see :mod:`neuplug_testing`.

pytest loads this in every project where neuplug is installed, so it imports nothing until a test
asks for the fixture.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line(
        "markers",
        "neuplug(distribution, options={}): the installed plugin whose laws neuplug_law checks",
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make a test of each law."""
    if "neuplug_law" not in metafunc.fixturenames:
        return
    marker = metafunc.definition.get_closest_marker("neuplug")
    if marker is None or not (marker.args or marker.kwargs):
        pytest.fail(
            'neuplug_law does not know the plugin: add @pytest.mark.neuplug("its-distribution").',
            pytrace=False,
        )
    from neuplug.errors import InputError
    from neuplug_testing.checking import plugin_cases

    try:
        cases = plugin_cases(*marker.args, **marker.kwargs)
    except InputError as error:
        pytest.fail(str(error), pytrace=False)
    metafunc.parametrize("neuplug_law", cases, ids=str, indirect=True)


@pytest.fixture
def neuplug_law(request: pytest.FixtureRequest) -> Callable[[], None]:
    """One law; call it to check it."""

    def check() -> None:
        outcome = request.param.run()
        if outcome.status == "skipped":
            pytest.skip(outcome.message)
        if outcome.status == "failed":
            pytest.fail(f"{request.param.law.statement}\n{outcome.message}", pytrace=False)

    return check
