"""What is kept on disk: written whole or not at all, checked when read, shared by processes.

Threads, processes and hosts may share one folder. Nothing is ever changed in place: files and
folders are written aside and renamed, so that whoever reads sees all of a result or none of it.
"""
