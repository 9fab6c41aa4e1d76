"""A plugin without anything."""
