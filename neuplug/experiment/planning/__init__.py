"""From a configuration to tasks: which splits and cells there are, and what each depends on.

Planning is cheap and complete: every task's key is known before anything is trained, so the store
can say what is there already.
"""
