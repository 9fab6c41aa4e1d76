"""What a run rests on, looked at before one is started: ``neuplug doctor``.

Each module looks at one thing and gives a ``Part`` (see ``finding``): what is there, as JSON
values, and what is wrong with it. Nothing here loads torch; that is left to a process of its own,
since importing it may fail, hang or kill the process.
"""
