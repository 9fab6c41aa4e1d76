"""The command ``neuplug``. A command's module is imported when it is used, and not for the help."""

from __future__ import annotations

import atexit
import functools
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup, TyperOption

from neuplug import __version__
from neuplug.errors import InputError, NeuplugError, PluginError
from neuplug.plugins.distributions import Command, command_summary, load_command, offered_commands
from neuplug.plugins.isolation import leave, told
from neuplug.text import printable

SIGNALLED = 128  # a shell adds the number of the signal: 130 after Ctrl-C
INTERRUPTED = SIGNALLED + signal.SIGINT

COMPLETION = "_NEUPLUG_COMPLETE"

_received: list[int] = []  # signals that are taken like Ctrl-C


class LightGroup(TyperGroup):
    """A group with the commands that are offered behind its words, by the core and by plugins."""

    def get_help_option(self, ctx: Any) -> TyperOption | None:
        """Click's ``--help``, off by default.

        Typer leaves it at ``None`` and imports pydantic to turn that into a bool.
        """
        option = super().get_help_option(ctx)
        if option is not None:
            option.default = False
        return option

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Take in the commands that are offered behind the words typed so far."""
        path = ctx.command_path.split()[1:]
        for words, offers in offered_commands().items():
            *group, name = words.split()
            if group == path:
                self.commands.setdefault(name, LazyCommand(name, offers))
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: Any) -> list[str]:
        """All names, sorted."""
        return sorted(super().list_commands(ctx))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that is meant, loaded."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, command.load() if isinstance(command, LazyCommand) else command, rest


class LazyCommand(TyperCommand):
    """A command of which the name and a line of help are known; the rest is imported when used.

    Args:
        name: What is typed, the last word of it.
        offers: Those who offer it, one unless plugins are at odds.
    """

    def __init__(self, name: str, offers: list[Command]) -> None:
        super().__init__(name, help=command_summary(offers[0]))
        self._name, self._offers = name, offers

    def load(self) -> Any:
        """The command itself.

        Raises:
            InputError: If several plugins offer it.
        """
        import logging

        from neuplug.cli.printing import PrintableFormatter

        if logging.lastResort is not None:  # what libraries say of files, with their names
            logging.lastResort.setFormatter(PrintableFormatter())
        if len(self._offers) > 1:
            names = " and ".join(offer.distribution for offer in self._offers)
            raise InputError(
                f"the command {self._offers[0].words!r} is offered by {names}: uninstall one, or "
                "name it in NEUPLUG_BLOCK."
            )
        found, parent = load_command(self._offers[0]), typer.Typer()
        if isinstance(found, typer.Typer):
            parent.add_typer(found, name=self._name)
        else:
            parent.command(self._name)(found)
        command: Any = typer.main.get_group(parent).commands[self._name]
        command.invoke = functools.partial(_invoke, self._offers[0], command.invoke)
        return command


def _invoke(offer: Command, invoke: Callable[[Any], Any], context: Any) -> Any:
    """Run a command; a plugin's is named when it fails."""
    try:
        return invoke(context)
    except (NeuplugError, OSError, KeyboardInterrupt, SystemExit, typer.Abort, typer.Exit):
        raise
    except BaseException as error:
        if not offer.distribution or hasattr(error, "format_message"):  # Click's own
            raise
        who = f"the command '{offer.words}' of {offer.distribution} {offer.version}"
        raise PluginError(f"{who} failed: {told(error).rstrip('.')}.") from error


def build() -> Any:
    """The command line, a Click group whose commands are not loaded yet."""
    app = typer.Typer(
        cls=LightGroup,
        add_completion=False,
        no_args_is_help=True,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_neuplug)
    return typer.main.get_command(app)


def commands(command: Any = None, path: str = "neuplug") -> Iterator[tuple[str, Any]]:
    """Every command by what is typed, loaded, with those of plugins: for the documentation."""
    command = build() if command is None else command
    command = command.load() if isinstance(command, LazyCommand) else command
    yield path, command
    if isinstance(command, LightGroup):
        context = command.make_context(path, [], resilient_parsing=True)
        for name in command.list_commands(context):
            yield from commands(command.get_command(context, name), f"{path} {name}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line: a user's mistake ends in one sentence, never in a traceback.

    Args:
        arguments: What follows ``neuplug``; by default what the process was started with.

    Returns:
        The exit code: 0, 1 (a component failed), 2 (the user's input or a disk) or 130 (stopped),
        and 128 plus the number of another signal.
    """
    code = _run(arguments)
    if arguments is None:  # the process is ours, and what plugins have left may neither print
        leave()
        if any(not t.daemon and t is not threading.main_thread() for t in threading.enumerate()):
            atexit._run_exitfuncs()  # nor keep it from ending
            os._exit(code)
    return code


def _run(arguments: Sequence[str] | None) -> int:
    listen_to_signals()
    if COMPLETION in os.environ:  # a shell asks what could come next
        from typer.completion import completion_init  # type: ignore[attr-defined]

        completion_init()
    try:
        # Outside of its standalone mode Click leaves the errors to us, and returns exit codes.
        code = build().main(
            args=None if arguments is None else list(arguments),
            prog_name="neuplug",
            standalone_mode=False,
        )
        sys.stdout.flush()
    except NeuplugError as error:
        if error.exit_code == INTERRUPTED:
            code = INTERRUPTED
        else:
            return _fail(str(error), error.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:  # a full disk, a folder that cannot be written
        from neuplug.storage.files import storage_error

        return _fail(str(storage_error(error, Path(error.filename or "."))), 2)
    except Exception as error:
        if not hasattr(error, "format_message"):  # Click's errors have it, wherever Typer keeps it
            raise
        return _fail(_usage_sentence(error), getattr(error, "exit_code", 2))
    if code == INTERRUPTED and _received:  # Typer takes every interrupt for Ctrl-C
        code = SIGNALLED + _received.pop()
    if isinstance(code, int) and code > SIGNALLED:
        typer.secho("neuplug: stopped; run the same command again to resume", err=True)
    return code if isinstance(code, int) else 0


def listen_to_signals() -> None:
    """Take SIGTERM and SIGHUP like Ctrl-C, unless they are ignored, as under ``nohup``."""
    if threading.current_thread() is not threading.main_thread():
        return
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)  # Windows has no SIGHUP
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _terminate)


def _terminate(number: int, frame: object) -> None:
    _received.append(number)
    raise KeyboardInterrupt


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"neuplug {__version__}")
        raise typer.Exit


def _neuplug(
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version.", is_eager=True, callback=_print_version
        ),
    ] = False,
) -> None:
    """Which augmentation makes my image classifier better, and can I trust that?"""


def _fail(sentence: str, code: int) -> int:
    if sentence:
        color = False if os.environ.get("NO_COLOR") else None  # None: only on a terminal
        typer.echo(typer.style("neuplug: error: ", fg="red") + sentence, err=True, color=color)
    return code


def _usage_sentence(error: Exception) -> str:
    """What Click has to say about the arguments, on one line, with the nearest known word."""
    message = " ".join(error.format_message().split())  # type: ignore[attr-defined]
    message = message.replace("Value error, ", "")  # of a type that pydantic checks
    if type(error).__name__ == "NoArgsIsHelpError" or not message:
        return ""  # the help has been printed
    if near := getattr(error, "possibilities", None):
        option = getattr(error, "option_name", "")
        message = f"no such option: {option}. Did you mean {near[0]}?"
    if message[-1] not in ".?!":
        message += "."
    context = getattr(error, "ctx", None)
    hint = f" See '{context.command_path} --help'." if context is not None else ""
    return printable(f"{message[:1].lower()}{message[1:]}{hint}")
