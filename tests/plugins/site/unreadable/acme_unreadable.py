"""Its entry points cannot be parsed."""
