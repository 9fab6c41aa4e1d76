"""Components in experiments: with options, as plain data, loaded, and named when they fail.

Loads no torch.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import distribution
from pathlib import Path
from typing import Any, TypeVar

from neuplug import __version__
from neuplug.errors import PluginError
from neuplug.experiment.tasks import ComponentRef
from neuplug.plugins import loading
from neuplug.plugins.component import Options
from neuplug.plugins.registry import LOCAL, ComponentSpec, discover, local_name
from neuplug.storage.files import OF_THE_DISK, file_hash, storage_error

T = TypeVar("T")


@contextmanager
def named_faults(component: ComponentSpec | ComponentRef) -> Iterator[None]:
    """Turn whatever a plugin lets escape into an error that names the plugin.

    Args:
        component: The component at work.

    Raises:
        PluginError: See :func:`neuplug.plugins.loading.named_faults`.
        StorageError: In place of one that is the disk's, whoever was writing.
    """
    try:
        with loading.named_faults(component):
            yield
    except PluginError as failed:
        error = failed.__cause__
        if isinstance(error, OSError) and error.errno in OF_THE_DISK:
            place = Path(error.filename).parent if error.filename else Path(tempfile.gettempdir())
            raise storage_error(error, place) from error
        raise


def named(component: ComponentRef, call: Callable[..., T]) -> Callable[..., T]:
    """A function of a component's that is called from elsewhere; see :func:`named_faults`."""

    def calling(*arguments: Any) -> T:
        with named_faults(component):
            return call(*arguments)

    return calling


@dataclass(frozen=True)
class ConfiguredComponent:
    """A component with its validated options."""

    spec: ComponentSpec
    options: Options

    @property
    def name(self) -> str:
        """The component's name."""
        return self.spec.name

    @property
    def _class(self) -> Any:
        return self.spec.load()

    def reference(self, *, for_fit: bool = False) -> ComponentRef:
        """As plain data: its part of a key, and enough to load it again.

        Args:
            for_fit: Of a generator's fit, which its sampling options do not change.
        """
        return self._for_fit if for_fit else self._whole

    # Files are looked at once: a run plans with what they were at first

    @cached_property
    def _whole(self) -> ComponentRef:
        return self._reference(())

    @cached_property
    def _for_fit(self) -> ComponentRef:
        return self._reference(self._class.sampling_options)

    def _reference(self, left_out: Collection[str]) -> ComponentRef:
        with named_faults(self.spec):
            options = self.options.model_dump(mode="json", exclude=set(left_out))
        return ComponentRef(**self.spec.identity(), options=options, files=file_digests(options))

    @property
    def control(self) -> bool:
        """Whether it adds nothing new and is there to be compared with."""
        return bool(self._class.control)

    @property
    def joins(self) -> bool:
        """Whether an augmenter's images always join the set."""
        return bool(getattr(self._class, "joins", False))

    @property
    def class_balance(self) -> str:
        """What its arm's training does about classes of unequal size."""
        return str(getattr(self._class, "class_balance", "none"))

    def make(self) -> Any:
        """A ready component."""
        with named_faults(self.spec):
            return self._class(self.options)


def load_component(reference: ComponentRef) -> Any:
    """The component that a task names, with its options.

    Raises:
        PluginError: If its code is not that which the task names, or it fails.
    """
    plain = reference.name
    if reference.distribution == LOCAL:
        plain = local_name(plain, reference.code)
    spec = discover().resolve(f"{reference.distribution}:{plain}", (reference.kind,))
    component = spec.load()
    if spec.digest() != reference.code:
        newest = spec.files().newest()
        raise PluginError(
            f"{spec.name} of {spec.source} has changed since this run was planned"
            + (f" (last change: {newest})" if newest else "")
            + ": run the same command again in a new process."
        )
    with named_faults(reference):
        return component(component.options_class.parse(reference.options, reference.name))


def versions(components: Iterable[ComponentSpec]) -> dict[str, str]:
    """Distribution names to versions, for the record."""
    found: dict[str, Any] = {"neuplug": __version__}
    found |= {p.distribution: p.version for p in components}
    for name in ("torch", "numpy", "scipy", "pydantic"):
        found[name] = distribution(name).version
    return found


def file_digests(options: Mapping[str, Any]) -> dict[str, str]:
    """For each option that names a file, a hash of its content.

    A path to weights says nothing about what is in them.
    """
    found = {}
    for name, value in options.items():
        if not isinstance(value, str) or not {"/", "\\", "."} & set(value):
            continue  # a word such as auto is no path, whatever lies in the working folder
        try:
            found[name] = file_hash(Path(value).expanduser())
        except (OSError, ValueError, RuntimeError):
            continue
    return found
