"""A plugin without any hook."""
