"""What neuplug's evaluators and its report draw with: a library, no component of its own."""
