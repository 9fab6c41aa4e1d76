"""Small convolutional classifiers for neuplug."""
