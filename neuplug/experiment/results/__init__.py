"""The typed outcome of a run: its model, how it is made, written and read again."""
