"""What every kind of component shares: options, and what it says of itself. Loads no torch."""

from __future__ import annotations

from abc import ABC
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar

from neuplug.plugins.code import note_import
from neuplug.plugins.options import Options


class ComponentBase(ABC):  # noqa: B024 - its kinds have the abstract methods
    """What the four kinds share: options.

    Attributes:
        options_class: The model of the component's options.
        quick_options: Options that make it small and fast where only its conduct counts and not
            its result, such as ``{"steps": 3}``; :mod:`neuplug_testing` checks it with these.
        control: Whether it adds nothing new and is there to be compared with: an arm with a control
            is never taken for the best classical one, nor compared with it.

    Example:
        >>> flip = neuplug.load("flip", vertical=0.0)
        >>> isinstance(flip, ComponentBase), flip.options.vertical, flip.control
        (True, 0.0, False)
    """

    options_class: ClassVar[type[Options]] = Options
    quick_options: ClassVar[Mapping[str, Any]] = MappingProxyType({})
    control: ClassVar[bool] = False

    def __init_subclass__(cls, **arguments: Any) -> None:
        super().__init_subclass__(**arguments)
        note_import(cls.__module__)  # whoever imports it: its code is what its files are now

    def __init__(self, options: Options | None = None) -> None:
        self.options: Any = options if options is not None else self.options_class()

    def check_images(self, in_chans: int, image_size: tuple[int, int]) -> None:
        """Refuse what would fail later, before anything is trained. By default it takes all images.

        Files that options name, such as weights, are opened and checked here as well.

        Args:
            in_chans: 1 (grey) or 3 (RGB).
            image_size: (height, width) in pixels.

        Raises:
            InputError: A sentence with what it takes, and what to choose instead.

        Example:
            >>> try:
            ...     neuplug.load("dcgan").check_images(in_chans=1, image_size=(600, 600))
            ... except neuplug.InputError as error:
            ...     print(error)
            dcgan makes images from 28 to 256 pixels a side, not 600x600: choose another --imgsz.
        """
        return None
