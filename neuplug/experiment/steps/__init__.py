"""The steps of an experiment: each does one kind of task and fills a folder in the store."""
