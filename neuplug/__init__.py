"""neuplug: which augmentation makes my image classifier better, and can I trust that?

The public names are listed in ``__init__.pyi``. Each is imported on first use.
"""

__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    """Only whoever uses a public name pays for the list of them."""
    if name in ("Component", "hookimpl"):  # all that the hook modules of plugins ask for
        from neuplug.plugins import hookspecs

        return getattr(hookspecs, name)
    import lazy_loader

    found = globals()
    found["__getattr__"], found["__dir__"], found["__all__"] = lazy_loader.attach_stub(
        __name__, __file__
    )
    return found[name] if name in found else found["__getattr__"](name)
