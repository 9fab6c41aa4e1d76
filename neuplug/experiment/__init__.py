"""Experiments: what the user asks for, what follows from it, and running that."""
