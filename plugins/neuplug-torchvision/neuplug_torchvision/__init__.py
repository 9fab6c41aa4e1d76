"""What neuplug's plugins of torchvision classifiers share: a library, no component of its own.

A plugin derives its component from :class:`neuplug_torchvision.classifier.TorchvisionClassifier`
and builds a network; where weights come from, and what pretrained ones imply, is here.
"""
