"""Fake distributions."""

from .fakes import install

__all__ = ["install"]
