"""Doing jobs: each takes a plain description and fills a folder in the store."""
