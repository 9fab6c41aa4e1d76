"""Classical augmenters for neuplug, on albumentations."""
