"""The commands below ``neuplug data``: what a set of images consists of."""
