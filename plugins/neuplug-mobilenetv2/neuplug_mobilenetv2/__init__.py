"""MobileNetV2 (Sandler et al. 2018) for neuplug, from torchvision."""
