"""What ``compose`` does, step by step, for pipelines of one's own.

Every step takes and gives plain things: :class:`neuplug.ImageSet` and tensors. Their names are in
``neuplug`` itself: ``neuplug.build_arm``, ``neuplug.fit_generator``, ``neuplug.compare``.
"""
