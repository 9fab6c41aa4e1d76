"""From a configuration to jobs: which sets, fits and cells there are, and what each depends on.

Planning is cheap and complete: every job's key is known before anything is trained, so the store
can say what is there already.
"""
