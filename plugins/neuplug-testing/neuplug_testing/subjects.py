"""What laws are checked on: an installed plugin, and each of its components."""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import Distribution
from pathlib import Path
from typing import Any

from neuplug.errors import InputError
from neuplug.plugins.component import ComponentBase, Options
from neuplug.plugins.distributions import GROUP
from neuplug.plugins.isolation import Fault, isolated
from neuplug.plugins.registry import ComponentSpec, discover
from neuplug_testing import elsewhere, importing
from neuplug_testing.law import PLUGIN, Unchecked, may_fail
from neuplug_testing.pictures import LARGE, STANDARD, Format, held_out_set
from neuplug_testing.probes import global_random_states, guarded, hearing, left_threads
from neuplug_testing.settings import kept_settings
from neuplug_testing.watch import Watch, watching
from neuplug_testing.work import WORK, Done


@dataclass(frozen=True, eq=False)
class PluginSubject:
    """A distribution that has an entry point in our group."""

    distribution: Distribution
    name: str
    kind: str = PLUGIN

    @property
    def components(self) -> list[ComponentSpec]:
        """What it offers."""
        return [p for p in discover().components if p.distribution == self.name]

    @functools.cached_property
    def traces(self) -> importing.Traces:
        """What loading it does besides, in a new process.

        Raises:
            Unchecked: If the process fails.
        """
        modules = [entry.module for entry in self.distribution.entry_points.select(group=GROUP)]
        modules += [p.component.target.partition(":")[0] for p in self.components]
        registry = discover()
        found = {p.distribution for p in registry.components}
        found |= {p.distribution for p in registry.problems}
        elsewhere.renew()
        try:
            traces: importing.Traces = elsewhere.call(
                importing.traces, self.name, sorted(found - {self.name}), modules
            )
        except elsewhere.ElsewhereError as error:
            raise Unchecked(f"a process that loads the plugin fails: {error}") from error
        return traces


@dataclass
class Run:
    """One piece of work under observation.

    Attributes:
        component: A new object, after its work.
        done: What came of it.
        well: Whether it came to its end.
        refusal: The sentence of an ``InputError``, if that is what came of it.
        early: Whether ``check_images`` refused, so that there was no work.
        error: Any other exception, in one line.
        folder: Where it might write.
        watch: What it did to the world.
        moved: The global generators that it moved.
        settings: What it left changed in the process, and the threads that it left behind.
        printed: The lines that it wrote to the standard output.
        seen: What it asked held-out images for.
    """

    component: Any = None
    done: Done = field(default_factory=lambda: Done(None, []))
    well: bool = False
    refusal: str | None = None
    early: bool = False
    error: str | None = None
    folder: Path = field(default_factory=Path)
    watch: Watch | None = None
    moved: list[str] = field(default_factory=list)
    settings: list[str] = field(default_factory=list)
    printed: list[str] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)


class ComponentSubject:
    """A component under examination; what several laws look at is done once.

    Args:
        provided: The component.
        options: On top of its ``quick_options``.
    """

    def __init__(self, provided: ComponentSpec, options: Mapping[str, Any] | None = None) -> None:
        self.provided, self.given = provided, dict(options or {})
        self.name, self.kind = provided.name, provided.kind
        self._folder = tempfile.TemporaryDirectory(prefix="neuplug-testing-")
        self._runs: dict[tuple[Format, int, int, int], Run] = {}

    @functools.cached_property
    def component(self) -> type[ComponentBase]:
        """Its class.

        Raises:
            Unchecked: If it cannot be loaded.
        """
        with may_fail("its class cannot be loaded; see the law loads"):
            return self.provided.load()

    def check_given(self) -> None:
        """Refuse options that were given for the check as ``compose`` refuses them.

        Raises:
            InputError: One sentence.
        """
        if not self.given:
            return
        try:
            self._options()
        except InputError:
            raise
        except Exception:  # whatever else is wrong breaks a law
            return

    def _options(self) -> Options:
        values = {**self.component.quick_options, **self.given}
        return self.component.options_class.parse(values, self.name)

    def make(self) -> Any:
        """A new object, quick where it can be.

        Raises:
            Unchecked: If it cannot be made.
        """
        component = self.component
        with may_fail("it cannot be made; see the law defaults-are-valid"):
            return component(self._options())

    def folder(self) -> Path:
        """A new, empty folder."""
        return Path(tempfile.mkdtemp(dir=self._folder.name))

    def run(self, form: Format, seed: int = 1, world: int = 1, number: int = 0) -> Run:
        """Let a new object do its work, or recall it.

        Args:
            form: The images.
            seed: Its own.
            world: The seed of the global generators.
            number: Tells runs apart that have all else in common.

        Raises:
            Unchecked: If there is no work of its kind to be given.
        """
        if self.kind not in WORK:
            raise Unchecked(f"what a {self.kind} does at work is not checked")
        key = (form, seed, world, number)
        if key not in self._runs:
            self._runs[key] = self._run(form, seed, world)
        return self._runs[key]

    def _run(self, form: Format, seed: int, world: int) -> Run:
        run = Run(folder=self.folder())
        _ = self.component  # its import is looked at by itself
        held_out = held_out_set(form)
        threads: list[str] = []
        try:
            with (
                hearing() as run.printed,
                isolated(f"{self.name} of {self.provided.source}", Unchecked, InputError),
                watching(run.folder) as run.watch,
                global_random_states(world) as run.moved,
                guarded(held_out) as run.seen,
                left_threads() as threads,
                kept_settings() as run.settings,
            ):
                run.component = self.make()
                run.early = True
                run.component.check_images(form.channels, form.image_size)
                run.early = False
                run.done = WORK[self.kind](run.component, form, seed, run.folder)
                run.well = True
        except Unchecked:
            raise
        except InputError as error:
            run.refusal = str(error)
        except Fault as fault:
            run.error, run.early = str(fault), False
        run.settings = [*run.settings, *threads]
        return run

    @functools.cached_property
    def form(self) -> Format:
        """The first format that it gets through its work with.

        Raises:
            Unchecked: If there is none.
        """
        for form in (*STANDARD, *LARGE):
            if form in LARGE and any(self.run(f).error for f in STANDARD):
                break
            if self.run(form).well:
                return form
        raise Unchecked("it cannot do its work on any images; see the laws takes-...")

    def worked(self, seed: int = 1, world: int = 1, number: int = 0) -> Run:
        """A run that went well with the usual images.

        Raises:
            Unchecked: If there is none.
        """
        run = self.run(self.form, seed, world, number)
        if not run.well:
            raise Unchecked(f"with seed {seed} it fails: {run.refusal or run.error}")
        return run

    def value(self, seed: int = 1, world: int = 1, number: int = 0) -> Any:
        """What came of such a run, to be compared; see :meth:`worked`."""
        return self.worked(seed, world, number).done.value

    def watched(self) -> Watch:
        """What its usual work does to the world; see :meth:`worked`."""
        watch = self.worked().watch
        assert watch is not None  # it is refused early otherwise
        return watch

    def elsewhere(self, component: Any, seed: int) -> Any:
        """What the component's work comes to in another process.

        Raises:
            ElsewhereError: If it cannot be sent there or fails there.
        """
        return elsewhere.call(_work, self.kind, component, self.form, seed, self.folder())

    @functools.cached_property
    def new_elsewhere(self) -> Any:
        """What a new object's work comes to in another process, or the ``ElsewhereError``."""
        try:
            return self.elsewhere(self.make(), 1)
        except elsewhere.ElsewhereError as error:
            return error


def _work(kind: str, component: Any, form: Format, seed: int, folder: Path) -> Any:
    with global_random_states(1), kept_settings():  # as here: other laws tell of them
        return WORK[kind](component, form, seed, folder).value
