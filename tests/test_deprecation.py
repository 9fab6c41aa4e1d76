"""What is deprecated says since when, until when, and what to use."""

from __future__ import annotations

import warnings

import pluggy
import pydantic
import pytest

from neuplug.deprecation import deprecated, warn_deprecated

SENTENCE = (
    "neuplug.old is deprecated since neuplug 0.1 and will be removed in 99.0: use neuplug.new."
)
FACTS = {"since": "0.1", "removal": "99.0", "instead": "neuplug.new"}


def test_a_function_and_a_class_warn_where_they_are_used() -> None:
    @deprecated("neuplug.old", **FACTS)
    def old(number: int) -> int:
        return number + 1

    @deprecated("neuplug.old", **FACTS)
    class Old:
        pass

    for use in (lambda: old(1), Old):
        with pytest.warns(DeprecationWarning) as caught:
            use()
        assert [str(w.message) for w in caught] == [SENTENCE]
        assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert old(1) == 2


def test_an_argument_warns_where_it_is_given() -> None:
    def nearest(k: int | None = None) -> None:
        if k is not None:
            warn_deprecated("neuplug.old", **FACTS)

    with pytest.warns(DeprecationWarning) as caught:
        nearest(3)
    assert [str(w.message) for w in caught] == [SENTENCE]
    assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        nearest()


def test_an_option_and_a_hook_take_it_too() -> None:
    mark = deprecated("neuplug.old", **FACTS)

    class Options(pydantic.BaseModel):
        ngf: int = pydantic.Field(64, deprecated=mark)

    assert Options.model_json_schema()["properties"]["ngf"]["deprecated"] is True
    with pytest.warns(DeprecationWarning, match="will be removed in 99.0"):
        assert Options(ngf=3).ngf == 3

    spec, impl = pluggy.HookspecMarker("old"), pluggy.HookimplMarker("old")

    class Specs:
        @spec(warn_on_impl=DeprecationWarning(mark.message))
        def old_hook(self) -> None: ...

    class Plugin:
        @impl
        def old_hook(self) -> None: ...

    manager = pluggy.PluginManager("old")
    manager.add_hookspecs(Specs)
    with pytest.warns(DeprecationWarning, match="will be removed in 99.0"):
        manager.register(Plugin())


@pytest.mark.parametrize(
    ("since", "removal", "fault"),
    [
        ("0.1", "0.1.5", "no minor version after"),
        ("0.3", "0.2", "no minor version after"),
        ("0.0.1", "0.1", "was to be removed in 0.1"),
    ],
)
def test_a_time_too_short_or_over_is_refused(since: str, removal: str, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        deprecated("neuplug.old", since=since, removal=removal, instead="neuplug.new")
