"""What a plugin may offer: hooks without arguments, each yielding light descriptors.

A plugin is an installed distribution with an entry point in the group ``neuplug`` that names a
module. The module implements any of the hooks below and imports nothing heavy: the class behind a
component is imported when somebody chooses the component.

    # neuplug_posterize/__init__.py
    from neuplug import Component, hookimpl

    @hookimpl
    def neuplug_augmenters():
        yield Component("posterize", "neuplug_posterize.augmenter:Posterize", "fewer grey levels")

Hooks are only ever extended by optional arguments, so a plugin written today keeps working.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import pluggy

if TYPE_CHECKING:
    from neuplug.plugins.component import ComponentBase

PROJECT = "neuplug"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)

NAME = re.compile(r"[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?")
# the arm without augmentation, the origin of real images, the options of the training loop
RESERVED = frozenset({"none", "real", "training"})
TARGET = re.compile(r"[A-Za-z_][\w.]*:(?:[A-Za-z_]\w*|[\w-]+\.yaml)")


@dataclass(frozen=True, slots=True)
class Component:
    """Something with a name that a plugin offers, such as an augmenter, and where it is.

    Args:
        name: What a user types: lower-case letters, digits, ``-`` and ``_``.
        target: ``package.module:Class``, imported when the component is chosen; of a recipe
            ``package:file.yaml``.
        summary: One line for listings.
        uses: Distributions or packages that it imports, or reads files of, and that its
            distribution does not require, such as ``("acme-images",)``. Their files are part of the
            key of its results, so that it is not answered with old ones when they change.
        mixes: Whether its class is a :class:`neuplug.Mixer`, which is offered among the augmenters.
            Said here since listings load no class.

    Raises:
        ValueError: If one of them has another form.

    Example:
        >>> vae = neuplug.Component("vae", "neuplug_vae.generator:VAE", "variational autoencoder")
        >>> vae.name, vae.summary
        ('vae', 'variational autoencoder')
    """

    name: str
    target: str
    summary: str
    uses: tuple[str, ...] = ()
    mixes: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not NAME.fullmatch(self.name):
            raise ValueError(
                f"component name {self.name!r}: use lower-case letters, digits, '-' and '_', "
                "with a letter or digit at both ends"
            )
        if self.name in RESERVED:
            raise ValueError(f"component name {self.name!r} is reserved by neuplug")
        if not isinstance(self.target, str) or not TARGET.fullmatch(self.target):
            raise ValueError(f"component {self.name}: target {self.target!r} is not 'module:Class'")
        if not isinstance(self.summary, str) or len(self.summary.splitlines()) != 1:
            raise ValueError(f"component {self.name}: summary {self.summary!r} is not one line")
        if not (isinstance(self.uses, tuple) and all(isinstance(n, str) for n in self.uses)):
            raise ValueError(
                f'component {self.name}: uses {self.uses!r} is not a tuple such as ("acme-images",)'
            )


class HookSpecs(Protocol):
    """The hooks, one for each kind of component; mixers are offered among augmenters."""

    def neuplug_augmenters(self) -> Iterable[Component]:
        """Components whose class is a :class:`neuplug.Augmenter` or, with ``mixes``, a ``Mixer``.

        Example:
            >>> @hookimpl
            ... def neuplug_augmenters():
            ...     yield Component("posterize", "pkg.augmenter:Posterize", "fewer grey levels")
            ...     yield Component("blend", "pkg.mixer:Blend", "means of two images", mixes=True)
        """

    def neuplug_generators(self) -> Iterable[Component]:
        """Components whose class is a :class:`neuplug.Generator`.

        Example:
            >>> @hookimpl
            ... def neuplug_generators():
            ...     yield Component("vae", "pkg.generator:VAE", "variational autoencoder")
        """

    def neuplug_classifiers(self) -> Iterable[Component]:
        """Components whose class is a :class:`neuplug.Classifier`.

        Example:
            >>> @hookimpl
            ... def neuplug_classifiers():
            ...     yield Component("lenet", "pkg.classifier:LeNet", "LeNet-5")
        """

    def neuplug_evaluators(self) -> Iterable[Component]:
        """Components whose class is a :class:`neuplug.Evaluator`.

        Example:
            >>> @hookimpl
            ... def neuplug_evaluators():
            ...     yield Component("kid", "pkg.evaluator:KID", "kernel inception distance")
        """

    def neuplug_executors(self) -> Iterable[Component]:
        """Components whose class is a :class:`neuplug.ExecutorFactory`.

        Example:
            >>> @hookimpl
            ... def neuplug_executors():
            ...     yield Component("slurm", "pkg.executor:Slurm", "jobs of a Slurm cluster")
        """

    def neuplug_layouts(self) -> Iterable[Component]:
        """Components whose class is a :class:`neuplug.Layout`.

        Example:
            >>> @hookimpl
            ... def neuplug_layouts():
            ...     yield Component("coco", "pkg.layout:Coco", "images beside annotations.json")
        """

    def neuplug_recipes(self) -> Iterable[Component]:
        """Recipes: settings of a published study, a YAML file in the plugin's package.

        Example:
            >>> @hookimpl
            ... def neuplug_recipes():
            ...     yield Component("doe2024", "pkg:doe2024.yaml", "Doe 2024, cracks in glass")
        """

    def neuplug_reporters(self) -> Iterable[Component]:
        """Components whose class is a :class:`neuplug.Reporter`.

        Example:
            >>> @hookimpl
            ... def neuplug_reporters():
            ...     yield Component("markdown", "pkg.reporter:Markdown", "results as a table")
        """

    def neuplug_sections(self) -> Iterable[Component]:
        """Components whose class is a ``SectionMaker`` (``neuplug.experiment.reporters``).

        Example:
            >>> @hookimpl
            ... def neuplug_sections():
            ...     yield Component("energy", "pkg.energy:Energy", "kilowatt-hours of each arm")
        """


# Of each kind what its components derive from: by name, since some are above this package. A recipe
# is a file.
KINDS = {
    "augmenter": "neuplug.plugins.component:Augmenter",
    "mixer": "neuplug.plugins.component:Mixer",
    "generator": "neuplug.plugins.generator:Generator",
    "classifier": "neuplug.plugins.component:Classifier",
    "evaluator": "neuplug.plugins.evaluator:Evaluator",
    "executor": "neuplug.experiment.executors.base:ExecutorFactory",
    "recipe": "",
    "layout": "neuplug.data.listing:Layout",
    "reporter": "neuplug.experiment.reporters:Reporter",
    "section": "neuplug.experiment.reporters:SectionMaker",
}
HOOKS = {f"neuplug_{kind}s": kind for kind in KINDS if kind != "mixer"}
for _hook in HOOKS:
    hookspec(vars(HookSpecs)[_hook])
# The kinds that are classes
COMPONENTS = tuple(kind for kind, base in KINDS.items() if base)


def base_class(kind: str) -> type[ComponentBase]:
    """What a component of a kind derives from."""
    module, _, name = KINDS[kind].partition(":")
    found: type[ComponentBase] = getattr(importlib.import_module(module), name)
    return found


def kind_of(component: ComponentBase) -> str:
    """The kind of an instance."""
    return next(kind for kind in COMPONENTS if isinstance(component, base_class(kind)))
