"""The typed outcome of a run: its model, and how it is read again."""
