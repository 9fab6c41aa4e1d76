"""Plugins' code at work: what it prints, raises and changes in the process stays its own.

What it prints, by Python or past it, and what it writes to standard error by Python, goes to the
logger ``neuplug.plugins`` with its name; standard output is for results. What it raises becomes a
:class:`Fault`, but for Ctrl-C. What it sets for the whole process is put back, so that no other
component and no signal of the user meets it: such as the working folder, the handlers of signals
and torch's default dtype. Loads no torch.
"""

from __future__ import annotations

import functools
import gc
import io
import locale
import logging
import os
import signal
import socket
import sys
import threading
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from neuplug.text import printable

# An import that takes longer is named
PATIENCE_SECONDS = 10.0
# Characters of an exception's message that are told
MOST = 500
_CORE, _STDLIB = Path(__file__).parents[1], Path(os.__file__).parent

logger = logging.getLogger("neuplug.plugins")
logger.propagate = False  # a handler that a plugin gives the root may print what it is told
_shown = logging.StreamHandler()  # its stream is the one before plugins work
logger.addHandler(_shown)


class Fault(Exception):
    """What a plugin raised, in words; the exception itself is its ``__cause__``."""


# Whose code is at work, and in which thread; the one that began last comes last
_at_work: list[tuple[str, int]] = []
_lock = threading.RLock()


def _threads() -> set[int]:
    return {thread for _, thread in _at_work}


@contextmanager
def isolated(owner: str, *own: type[BaseException], nested: bool = False) -> Iterator[None]:
    """Let a plugin's code work.

    Args:
        owner: Whose it is, for the log, such as ``vae of neuplug-vae 1.0``.
        own: Exceptions to let pass as they are.
        nested: Whether settings are put back even if another component has called this one, at
            whose end they are in any case: it may do so for every batch.

    Raises:
        Fault: In place of any other exception but ``KeyboardInterrupt``, which is the user's.

    Example:
        >>> from neuplug.plugins.isolation import Fault, isolated
        >>> try:
        ...     with isolated("neuplug-vae 1.0"):
        ...         raise SystemExit("no licence")
        ... except Fault as fault:
        ...     print(str(fault).partition(" (")[0])
        SystemExit: no licence
    """
    here = (owner, threading.get_ident())
    with _lock:
        around = _threads()
        if not around:
            _output.begin()
        _at_work.append(here)
    # beside another thread's component nobody can tell whose a change is
    alone = not around or (nested and around == {here[1]})
    before = [(setting, setting.read()) for setting in SETTINGS] if alone else []
    try:
        yield
    except own + (KeyboardInterrupt,):  # noqa: RUF005 - which mypy understands
        raise
    except BaseException as error:
        raise Fault(told(error)) from error
    finally:
        for setting, value in before:
            if setting.read() != value:
                with suppress(Exception):  # such as a folder that is gone
                    setting.write(value)
        with _lock:
            _output.drain()
            _at_work.remove(here)
            if not _at_work:
                _output.end()


@contextmanager
def called_back() -> Iterator[None]:
    """Within what a component calls, such as to tell its progress, others print as ever."""
    with _lock:
        if _at_work:
            _output.drain()
            _output.end()
    try:
        yield
    finally:
        with _lock:
            if _at_work:  # another thread's may have ended
                _output.begin()


def leave() -> None:
    """From here on nobody prints but plugins, as when the process ends."""
    _output.begin()


@contextmanager
def importing(owner: str) -> Iterator[None]:
    """Let a plugin be imported: :func:`isolated`, and named if that takes long or is interrupted.

    Raises:
        Fault: See :func:`isolated`.
    """
    long = f"importing {owner} takes more than {PATIENCE_SECONDS:g} s"
    timer = threading.Timer(PATIENCE_SECONDS, logger.warning, [long])
    timer.daemon = True
    timer.start()
    try:
        with isolated(owner, nested=True):
            yield
    except KeyboardInterrupt as error:
        logger.warning("stopped while %s was being imported: %s", owner, told(error))
        raise
    finally:
        timer.cancel()


def told(error: BaseException) -> str:
    """An exception in one line, with where a plugin raised it, if one did.

    The place is where the plugin called a library rather than within that, unless it is installed
    as one itself.

    Example:
        >>> from neuplug.plugins.isolation import told
        >>> told(KeyError("q"))
        "KeyError: 'q'"
    """
    kind = type(error).__name__
    try:
        said = f"{kind}: {error}"
    except KeyboardInterrupt:
        raise
    except BaseException as unsaid:
        said = f"{kind}, whose message cannot be shown: {type(unsaid).__name__}"
    text = printable(" ".join(said[:MOST].split())) + (" …" if len(said) > MOST else "")
    places = [(Path(f.f_code.co_filename), n) for f, n in traceback.walk_tb(error.__traceback__)]
    others = [(path, line) for path, line in places if not is_ours_or_python(path)]
    near = [place for place in others if "site-packages" not in place[0].parts] or others
    if not near:
        return text
    path, line = near[-1]
    return f"{text.rstrip('.')} ({printable(path.name)}, line {line})"


def is_ours_or_python(path: Path) -> bool:
    """Whether a file is of the core or of Python's own library."""
    if path.is_relative_to(_CORE) or path.name.startswith("<"):  # is no file
        return True
    return path.is_relative_to(_STDLIB) and "site-packages" not in path.parts


# Settings of the process.


class Setting(NamedTuple):
    """Something of which a process has but one.

    Attributes:
        name: For a person.
        read: Its value, as something that does not change itself.
        write: Sets it.
    """

    name: str
    read: Callable[[], Any]
    write: Callable[[Any], object]


def _folder() -> str | None:
    try:
        return os.getcwd()  # noqa: PTH109 - what is gone is no path
    except OSError:
        return None


def _set_filters(filters: list[Any]) -> None:
    warnings.resetwarnings()
    warnings.filters[:] = filters  # type: ignore[index]


def _handler(name: str) -> Setting:
    number = getattr(signal, name)
    put = functools.partial(signal.signal, number)
    return Setting(f"the handler of {name}", functools.partial(signal.getsignal, number), put)


def _of_torch(name: str, usual: object) -> Setting:
    """A setting of torch, which has its usual value, or one of that name, until torch is loaded."""

    def read() -> Any:
        torch = sys.modules.get("torch")  # of which half may be loaded
        return getattr(torch, f"get_{name}")() if hasattr(torch, "compile") else usual

    def write(value: Any) -> None:
        torch = sys.modules["torch"]
        getattr(torch, f"set_{name}")(getattr(torch, str(value), value))

    return Setting(f"torch's {name.replace('_', ' ')}", read, write)


# Of numpy, until somebody sets another
_ERRORS = {"divide": "warn", "over": "warn", "under": "ignore", "invalid": "warn"}


def _of_module(module: str, name: str, usual: Any) -> Callable[[], Any]:
    """What a module's function returns, or the usual value until the module is loaded."""
    return lambda: getattr(sys.modules.get(module), name, lambda: usual)()


# That the command listens to; Windows has no SIGHUP
SIGNALS = tuple(name for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
SETTINGS = (
    Setting("the working folder", _folder, os.chdir),
    Setting("warnings.filters", lambda: list(warnings.filters), _set_filters),
    Setting("sys.stderr", lambda: sys.stderr, functools.partial(setattr, sys, "stderr")),
    *map(_handler, SIGNALS),
    Setting(
        "the locale",
        lambda: locale.setlocale(locale.LC_ALL),
        functools.partial(locale.setlocale, locale.LC_ALL),
    ),
    Setting("the timeout of sockets", socket.getdefaulttimeout, socket.setdefaulttimeout),
    Setting("the recursion limit", sys.getrecursionlimit, sys.setrecursionlimit),
    Setting("the garbage collector", gc.isenabled, lambda on: gc.enable() if on else gc.disable()),
    Setting(
        "numpy's handling of errors",
        _of_module("numpy", "geterr", _ERRORS),
        lambda errors: sys.modules["numpy"].seterr(**errors),
    ),
    Setting(
        "torch's grad mode",
        _of_module("torch", "is_grad_enabled", True),
        lambda on: sys.modules["torch"].set_grad_enabled(on),
    ),
    _of_torch("default_dtype", "float32"),
    _of_torch("num_threads", None),
    _of_torch("deterministic_debug_mode", 0),
    _of_torch("float32_matmul_precision", "highest"),
)


# What is printed.


class _Lines(io.RawIOBase):
    """Takes the place of a standard stream while plugins' code is at work, and logs it by lines."""

    def __init__(self, number: int) -> None:
        self.number, self.rest = number, b""
        self.text = io.TextIOWrapper(self, "utf-8", "backslashreplace", write_through=True)  # type: ignore[type-var]

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self.number

    def close(self) -> None:  # a plugin may keep it, or close what it takes for its own
        pass

    def flush(self) -> None:  # as a debugger's prompt is
        if self.rest:
            self.write(b"\n")

    def write(self, data: Any) -> int:
        with _lock:
            *lines, self.rest = (self.rest + bytes(data)).split(b"\n")
            owner = _at_work[-1][0] if _at_work else "a plugin"
            for line in filter(bytes.strip, lines):
                logger.warning("%s printed: %s", owner, printable(line.decode("utf-8", "replace")))
        return len(data)


class _Output(_Lines):
    """Standard output, with what is written past Python, and beside it the standard error."""

    def __init__(self) -> None:
        super().__init__(1)
        self.errors, self.began, self.real = _Lines(2), False, -1

    def begin(self) -> None:
        if self.began:  # another thread has, whose component has called back
            return
        self.began = True
        self.stdout, self.exit, self.real = sys.stdout, os._exit, -1
        _shown.stream = self.stderr = sys.stderr
        sys.stderr = self.errors.text
        os._exit = _refused(os.getpid(), os._exit)  # type: ignore[assignment]
        with suppress(Exception):
            sys.stdout.flush()
        with suppress(OSError):  # a program without a terminal may have none
            self.real = os.dup(1)
            os.dup2(_spill(os.getpid()).fileno(), 1)
        sys.stdout = self.text

    def drain(self) -> None:
        """Log what has been written past Python, which is in a file by now, and a last line."""
        with suppress(Exception):
            sys.__stdout__.flush()  # type: ignore[union-attr]
            _flush_libc()()
        spill = _spill(os.getpid())
        if os.fstat(spill.fileno()).st_size:
            spill.seek(0)
            self.write(spill.read())
            spill.seek(0)
            spill.truncate()
        self.write(b"\n")
        self.errors.flush()

    def end(self) -> None:
        if not self.began:
            return
        self.began = False
        os._exit = self.exit
        if sys.stdout is self.text:  # else somebody has put something else there
            sys.stdout = self.stdout
        if sys.stderr is self.errors.text:
            sys.stderr = self.stderr
        if self.real >= 0:
            os.dup2(self.real, 1)
            os.close(self.real)
            self.real = -1


_output = _Output()


@functools.cache
def _spill(process: int) -> Any:
    """Where what is written past Python stays until the plugin's code is done."""
    import tempfile  # which takes long to load

    return tempfile.TemporaryFile(buffering=0)


@functools.cache
def _flush_libc() -> Callable[[], Any]:
    """Empties the buffer that compiled libraries print into."""
    import ctypes

    libc = ctypes.CDLL(None)
    stream = "__stdoutp" if sys.platform == "darwin" else "stdout"
    return functools.partial(libc.fflush, ctypes.c_void_p.in_dll(libc, stream))


def _refused(process: int, leave: Callable[[int], NoReturn]) -> Callable[[int], NoReturn]:
    """In place of ``os._exit``, which would end this process without a word."""

    def refused(status: int) -> NoReturn:
        # of a process that the plugin has forked, or of a thread of ours, such as a worker's that
        # waits for the end of the process that has started it
        if os.getpid() != process or threading.get_ident() not in {
            thread for _, thread in _at_work
        }:
            leave(status)
        raise SystemExit(f"os._exit({status})")

    return refused
