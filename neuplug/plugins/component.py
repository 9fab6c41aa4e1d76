"""Components with their options, and kinds that work on images: augmenters, mixers, classifiers.

Generators and evaluators, which are told more, have modules of their own. Loads no torch.
"""

from __future__ import annotations

import reprlib
from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from neuplug.errors import InputError, did_you_mean
from neuplug.plugins.code import note_import

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

ClassBalance = Literal["none", "sampling", "loss"]

# What was given may be as long and as deep as YAML can say
_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = 200
_SHORT.maxlevel = 3


class Options(BaseModel):
    """Base of a component's options: unknown names and values out of range are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)

    @classmethod
    def parse(cls, values: Mapping[str, Any], owner: str) -> Self:
        """Validate ``values``; text as typed after ``--set`` is accepted for every type.

        Args:
            values: Option names and values.
            owner: The component's name, for messages.

        Raises:
            InputError: A sentence, on a line of its own, for each name or value that is wrong.

        Example:
            >>> class BlurOptions(neuplug.Options):
            ...     radius: float = 1.0
            >>> BlurOptions.parse({"radius": "2.5"}, "blur").radius
            2.5
        """
        try:
            return cls.model_validate(dict(values))
        except ValidationError as error:
            raise InputError(*sentences(error, cls, owner)) from None


def sentences(error: ValidationError, model: type[BaseModel], owner: str) -> list[str]:
    """Turn pydantic's complaints into sentences such as ``dcgan.lr = -1: ...``, one for each value.

    Args:
        error: From validating ``model``.
        model: Tells what names there are.
        owner: What the model's fields belong to, for a person.
    """
    lines: dict[tuple[Any, ...], str] = {}
    for found in error.errors():
        depth, known = 0, model.model_fields
        for part in found["loc"]:
            if part not in known:
                break
            depth, known = depth + 1, getattr(known[str(part)].annotation, "model_fields", {})
        # each member of a union complains of the same value: the first one is enough
        where = (found["loc"][:depth], id(found["input"]))
        lines.setdefault(where, _sentence(found, owner, known))
    return "\n".join(lines.values()).split("\n")


def _sentence(found: Mapping[str, Any], owner: str, known: Collection[str]) -> str:
    *above, name = (owner, *(part for part in found["loc"] if isinstance(part, str)))
    where, kind = ".".join((*above, name)), found["type"]
    if kind == "extra_forbidden":
        hint = did_you_mean(name, known) or f" It has: {', '.join(sorted(known)) or 'none'}."
        return f"{above[-1]} has no option {name!r}.{hint}"
    if kind == "missing":  # its input is all that was given
        return f"{where} must be given: it has no default."
    message = found["msg"].removeprefix("Value error, ")
    if kind == "value_error" and (not above or isinstance(found["input"], Mapping)):
        return "\n".join(f"{where}: {line}" for line in message.splitlines())
    if kind == "string_type" and not isinstance(found["input"], list | dict):
        message += "; in YAML, put it in quotes"
    given = _SHORT.repr(found["input"])
    return f"{where} = {given}: {message[:1].lower()}{message[1:].rstrip('.')}."


class ComponentBase(ABC):  # noqa: B024 - its kinds have the abstract methods
    """What all kinds share: options.

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

    def notes(self) -> Sequence[str]:
        """Sentences on its options that a user must see with the results. By default none.

        Asked after :meth:`check_images`, once for each run.

        Example:
            >>> neuplug.load("resnet18").notes()
            ()
        """
        return ()


class Augmenter(ComponentBase):
    """Changes images at random without changing what they show.

    Attributes:
        joins: Whether its images always join the set, as a generator's do. By default those of an
            augmenter at the end of an arm without an amount take the others' place in each batch.
        deterministic: Whether it does the same to an image every time, such as stretching its
            contrast.
        class_balance: What the training of its arm does about classes of unequal size, as the
            option of that name of :class:`neuplug.TrainingOptions`, which it goes before. If it is
            not ``none``, the augmenter leaves images as they are, and stands at the end of an arm,
            without an amount.
    """

    joins: ClassVar[bool] = False
    deterministic: ClassVar[bool] = False
    class_balance: ClassVar[ClassBalance] = "none"

    @abstractmethod
    def augment(self, images: Tensor, rng: torch.Generator) -> Tensor:
        """Return one changed version of each image.

        Args:
            images: uint8 (N, C, H, W), N from 0, C 1 or 3. Not to be modified in place.
            rng: The only source of randomness; on the CPU.

        Returns:
            uint8 (N, C, H, W), the same shape.
        """

    def fuse(self, following: Augmenter) -> Augmenter | None:
        """Return one augmenter that does what ``self`` then ``following`` do, or ``None``.

        Override it where doing both at once is better than one after the other, for example
        one warp instead of two. It is asked about any augmenter, another plugin's too, and leaves
        both as they are. With the same generator the images are like those of the two in turn, but
        for what doing it at once spares them, such as a second resampling.
        """
        return None


class Mixer(ComponentBase):
    """Mixes the images of a batch and their targets with them, which classifiers then learn from.

    A sibling of the augmenter, offered by the same hook (``neuplug.Component`` with ``mixes``). It
    stands last in an arm, acts on each batch anew after all augmenters, and takes no amount.
    """

    @abstractmethod
    def mix(self, images: Tensor, targets: Tensor, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        """Return a batch of mixed images, and of each what it shows.

        Args:
            images: uint8 (N, C, H, W), N from 0, C 1 or 3. Not to be modified in place.
            targets: float32 (N, K) with the share of each class, 0 to 1; a row sums to 1. Rows are
                one-hot. Not to be modified in place.
            rng: The only source of randomness; on the CPU.

        Returns:
            Images and targets of the same shapes, types and ranges. An image of parts of several
            has a row with the shares of their classes.
        """


class Classifier(ComponentBase):
    """Builds a network. The core trains it, so that every arm is treated alike.

    Attributes:
        capturable: Whether its network does the same at every training step, drawing random numbers
            from torch's generator of the device alone: on a GPU such steps are captured as a CUDA
            graph, which is several times faster. What Python decides or counts in ``forward`` would
            be frozen, so the default is no.
    """

    capturable: ClassVar[bool] = False

    @property
    def channels(self) -> frozenset[int]:
        """The numbers of image channels it takes; the core turns grey into RGB where needed."""
        return frozenset({1, 3})

    @property
    def normalization(self) -> tuple[tuple[float, ...], tuple[float, ...]] | None:
        """Mean and standard deviation for pixels in 0-1, or ``None``: those of the real images."""
        return None

    def check_images(self, in_chans: int, image_size: tuple[int, int]) -> None:
        """Refuse RGB images where it takes grey ones alone; see :class:`ComponentBase`."""
        if in_chans == 3 and 3 not in self.channels:
            raise InputError(
                f"{type(self).__name__} takes grey images only, and these are RGB: choose another "
                "classifier."
            )

    @abstractmethod
    def build(self, num_classes: int, in_chans: int, image_size: tuple[int, int]) -> nn.Module:
        """Return a new network, initialised from torch's current random state.

        The module maps normalised float images (N, in_chans, H, W) to logits (N, num_classes);
        its ``forward_features`` maps them to embeddings (N, F). In ``eval()`` N may be 0.

        A network whose trunk is frozen has parameters with ``requires_grad`` false, all that
        ``forward_features`` goes by, and a method ``forward_head``, which maps embeddings to logits
        (timm calls both so); ``forward`` is one after the other. Then the head alone is trained, on
        features as they are in ``eval()``: computed once for each image where nothing changes
        images from batch to batch, else batch by batch. No number of the trunk changes, statistics
        of batch normalisation included.

        Raises:
            InputError: If the images are too small for it.
        """
