"""A new plugin's package, written from templates: what ``neuplug plugins new`` does."""
