"""``neuplug doctor``: whether a run would work here, and what to do if not."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.filesize import decimal

from neuplug.cli.printing import make_console, print_columns

if TYPE_CHECKING:
    from neuplug_testing.doctor.examination import Examination

Row = tuple[str, ...]


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Check whether a run would work on this machine.

    Checks versions, machine, folders, plugins, weights and the environment. The exit code is 1
    if something would stop a run; warnings do not change it.
    """
    from neuplug_testing.doctor.examination import examine

    with Console(emoji=False, file=sys.stderr, quiet=as_json).status(
        "looking; this loads torch and every plugin"
    ):
        found = examine()
    if as_json:
        typer.echo(json.dumps(found.as_dict(), indent=2))
    else:
        _print(found)
    if not found.fine:
        raise typer.Exit(1)


def _print(found: Examination) -> None:
    console = make_console()
    for topic, rows in ROWS.items():
        if facts := found.parts[topic]:
            console.print(topic, style="bold")
            print_columns(console, rows(facts))
    _print_findings(console, found)


def _print_findings(console: Console, found: Examination) -> None:
    for level, style in (("fault", "bold red"), ("warning", "bold yellow")):
        for finding in found.findings:
            if finding.level == level:
                console.print(f"{level}: ", style=style, end="")
                console.print(f"{finding.message.rstrip('.')}.")
                console.print(f"  what to do: {finding.advice}")
    warnings = sum(finding.level == "warning" for finding in found.findings)
    beside = f" ({_count(warnings, 'warning')})" if warnings else ""
    if found.fine:
        console.print(f"nothing here would stop a run{beside}")
    else:
        faults = _count(len(found.findings) - warnings, "fault")
        console.print(f"{faults} would stop a run{beside}")


def _packages(facts: Any) -> Iterator[Row]:
    yield "  Python", facts["python"], ""
    for package in facts["packages"]:
        asked = dict.fromkeys(filter(None, package["asked"].values()))
        mark = "" if package["fits"] else "  does not fit"
        yield f"  {package['name']}", package["version"] or "missing", "  ".join(asked) + mark


def _machine(facts: Any) -> Iterator[Row]:
    cores, memory, work, gpu = (facts[name] for name in ("cores", "memory", "work", "gpu"))
    yield "  system", facts["system"]
    yield "  processor", facts["processor"]
    limits = [f"{cores['machine']} cores"]
    if cores["process"] != cores["machine"]:
        limits.append(f"{cores['process']} for this process")
    if cores["container"] is not None:
        limits.append(f"{cores['container']:g} for this container")
    if facts["capability"] is not None:
        bf16 = "bfloat16 in hardware" if facts["bf16"] else "no bfloat16 in hardware"
        limits += [facts["capability"], bf16]
    yield "", ", ".join(limits)
    yield "  memory", f"{_size(memory['total'])}, {_size(memory['free'])} free"
    yield from _gpus(gpu)
    if work["workers"] is not None:
        processes = _count(work["workers"], "process", "processes") if work["workers"] else "one"
        yield "  a run uses", f"{processes}, unless --workers says otherwise"


def _gpus(gpu: Any) -> Iterator[Row]:
    for index, device in enumerate(gpu["devices"]):
        number = "bfloat16" if device["bf16"] else "no bfloat16"
        yield (
            f"  cuda:{index}",
            f"{device['name']}, {_size(device['memory'])}, {_size(device.get('free'))} free, "
            f"compute capability {device['capability']}, {number}",
        )
    if gpu["driver"]:
        yield "  driver", gpu["driver"]
    if not gpu["devices"]:
        yield "  GPU", "none that torch can use" if gpu["driver"] else "none"
    if gpu["mps"]:
        yield "  mps", "there; used with --device mps alone"


def _places(facts: Any) -> Iterator[Row]:
    for place in facts:
        held = "" if place["bytes"] is None else decimal(place["bytes"])
        if not place["exists"]:
            held = "not there yet"
        free = f"{_size(place['free'])} free" if "free" in place else ""
        yield f"  {place['place']}", place["path"], held, free


def _plugins(facts: Any) -> Iterator[Row]:
    for plugin in facts["distributions"]:
        yield f"  {plugin['name']}", plugin["version"], ", ".join(plugin["components"])
    for problem in facts["problems"]:
        yield f"  {problem['distribution']}", problem["version"], problem["message"]


def _weights(facts: Any) -> Iterator[Row]:
    if facts["folder"]:
        yield "  torch's folder", facts["folder"]
        for file in facts["files"]:
            yield "", f"{file['name']}, {_size(file['bytes'])}"
    for option in facts["options"]:
        words = [f"{c['value']} is {'' if c['found'] else 'not '}there" for c in option["choices"]]
        yield f"  {option['option']}", "; ".join([*words, "takes a file"])


def _environment(facts: Any) -> Iterator[Row]:
    yield from ((f"  {name}", value) for name, value in facts.items())


ROWS = {
    "packages": _packages,
    "machine": _machine,
    "places": _places,
    "plugins": _plugins,
    "weights": _weights,
    "environment": _environment,
}


def _count(number: int, what: str, several: str = "") -> str:
    return f"{number} {what if number == 1 else several or f'{what}s'}"


def _size(number: int | None) -> str:
    return "unknown" if number is None else decimal(number)
