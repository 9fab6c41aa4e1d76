"""The base of torchvision classifiers: a network to build, the rest is done.

torchvision takes seconds to load, so only ``build`` may load it.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, ClassVar

from neuplug import Classifier, InputError
from neuplug_torchvision.options import PretrainedOptions

if TYPE_CHECKING:
    from torch import nn

# Of the images that torchvision's weights were trained on, for pixels in 0-1.
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


class TorchvisionClassifier(Classifier):
    """A network of torchvision, from scratch or pretrained.

    A plugin derives from it, sets ``options_class`` to a model that extends
    :class:`PretrainedOptions`, and implements :attr:`head` and :meth:`network`.
    """

    options_class: ClassVar[type[PretrainedOptions]] = PretrainedOptions
    capturable: ClassVar[bool] = True

    @property
    def channels(self) -> frozenset[int]:
        """Grey or RGB; RGB alone where pretrained weights expect it."""
        return super().channels if self.options.weights == "none" else frozenset({3})

    @property
    def normalization(self) -> tuple[tuple[float, ...], tuple[float, ...]] | None:
        """ImageNet's where weights are given, else that of the real images."""
        return None if self.options.weights == "none" else (IMAGENET_MEAN, IMAGENET_STD)

    @property
    @abstractmethod
    def head(self) -> str:
        """How the names of the weights begin that depend on the classes, such as ``fc.``."""

    @abstractmethod
    def network(self, num_classes: int, in_chans: int, image_size: tuple[int, int]) -> nn.Module:
        """Return a new network as :meth:`build` does, with random weights.

        Its weights are called as in torchvision, so weight files of either fit the other.

        Raises:
            InputError: If the images are too small for it.
        """

    def check_images(self, in_chans: int, image_size: tuple[int, int]) -> None:
        """Refuse weights that cannot be read or do not fit, too; see :class:`neuplug.Classifier`.

        ImageNet's are not fetched for this: where they are still to come, :meth:`build` checks.
        """
        import torch

        from neuplug_torchvision.weights import fitting, hub_file

        super().check_images(in_chans, image_size)
        options: PretrainedOptions = self.options
        fetch = options.weights == "imagenet" and options.download
        if options.weights == "none" or (fetch and not hub_file(options.published()).is_file()):
            return
        with torch.device("meta"):  # shapes, no numbers; two classes, since any head will do
            network = self.network(2, max(self.channels), image_size)
        self._refuse_to_freeze(network)
        fitting(network, options, self.head)

    def _refuse_to_freeze(self, network: nn.Module) -> None:
        if self.options.freeze and not hasattr(network, "forward_head"):
            raise InputError(
                f"{self.options.component} has no freeze: its network has no method forward_head, "
                "which would map features to logits. Leave freeze out."
            )

    def notes(self) -> tuple[str, ...]:
        """How a file was read that names its weights differently."""
        options: PretrainedOptions = self.options
        if options.weights_by == "name":
            return ()
        return (
            f"{options.component}.weights_by = shape: the weights of {options.weights} are taken "
            "in their order, whatever their names, since their shapes are the network's in the "
            "same sequence. Shapes cannot tell layers of the same shape apart: make sure that it "
            "is the same network.",
        )

    def build(self, num_classes: int, in_chans: int, image_size: tuple[int, int]) -> nn.Module:
        """Return a new network; see :class:`neuplug.Classifier`.

        Raises:
            InputError: If the images are too small for it, or the weights cannot be read or belong
                to another network.
            NeuplugError: If the weights could not be fetched.
        """
        from neuplug_torchvision.layers import with_pointwise

        network = self.network(num_classes, in_chans, image_size)
        with_pointwise(network)
        if self.options.weights != "none":
            from neuplug_torchvision.weights import fitting

            network.load_state_dict(fitting(network, self.options, self.head), strict=False)
        if self.options.freeze:
            self._refuse_to_freeze(network)
            for name, parameter in network.named_parameters():
                parameter.requires_grad_(name.startswith(self.head))
        return network
