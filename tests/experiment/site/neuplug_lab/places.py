"""Executors, layouts, sections and reporters of the lab."""

from __future__ import annotations

import json
import os
from collections import deque
from pathlib import Path

import neuplug
from neuplug.experiment.reporters import Cell, Row, Section, SectionMaker, Table


class Inline(neuplug.ExecutorFactory):
    """Tasks as text, one by one."""

    def open(self, context):
        return Queue(context)


class Queue:
    def __init__(self, context):
        self.context, self.waiting = context, deque()

    def submit(self, task):
        self.waiting.append((task.key, task.model_dump_json()))

    def events(self):
        while self.waiting:
            _, text = self.waiting.popleft()
            said = []
            neuplug.do_task(self.context.store, self.context.device, text, said.append)
            yield from said

    def close(self):
        with Path(os.environ["LAB_LOG"]).open("a") as log:
            log.write(json.dumps({"what": "closed", "workers": self.context.workers}) + "\n")


class Closed(neuplug.ExecutorFactory):
    """Fault: no place to run."""

    def open(self, context):
        raise RuntimeError("the cluster is away")


class Sheet(neuplug.Layout):
    """Images named in sheet.tsv, a line each: file, class."""

    def scan(self, path):
        sheet = path / "sheet.tsv"
        if not sheet.is_file():
            return None
        rows = [line.split("\t") for line in sheet.read_text("utf-8").splitlines()]
        if not rows:
            return f"{sheet.name} is empty: write a line for each image."
        entries = [neuplug.Entry(path / name, name, label) for name, label in rows]
        return neuplug.Listing(path, "images named in sheet.tsv", tuple(entries))


class Torn(neuplug.Layout):
    """Fault: fails, but only where a folder has its file."""

    def scan(self, path):
        if (path / "torn.tsv").is_file():
            raise ValueError("half of the sheet is missing")


class Wages(SectionMaker):
    """What the arms' trainings cost."""

    def sections(self, results):
        rows = [Row(c.arm, c.classifier, [Cell("3")], own=True) for c in results.arm_costs]
        table = Table("Wages of each arm", [("wage", "pence")], rows, ["Nobody is paid."])
        return [Section("Wages", "What people are paid.", tables=[table])]


class Unpaid(SectionMaker):
    """Fault: fails, but only in a run of its name."""

    def sections(self, results):
        if results.name == "unpaid":
            raise ValueError("the till is empty")
        return []


class Markdown(neuplug.Reporter):
    """The verdicts as a table."""

    def report(self, run):
        path = run.folder / "verdicts.md"
        rows = [f"| {c.arm} | {c.verdict} |" for c in run.results.comparisons]
        cells = run.plan.first_cells if run.plan else []
        made = [cell.arm.name for cell in cells if cell.mixture.tasks]
        path.write_text("\n".join([*rows, f"made: {made}"]), "utf-8")
        return path


class Mute(neuplug.Reporter):
    """Makes no file."""

    def report(self, run):
        return None


class Strict(neuplug.Reporter):
    """Fault: refuses where it is asked for, with an error of neuplug's."""

    def report(self, run):
        if "strict" in run.results.config["reporter"]:
            raise neuplug.InputError("it wants other results")


class Tearing(neuplug.Reporter):
    """Fault: fails where it is asked for."""

    def report(self, run):
        if "tearing" in run.results.config["reporter"]:
            raise ValueError("no paper left")


def __getattr__(name):
    """Of the reporter that is not there where the variable says so."""
    if name == "Absent" and "LAB_ABSENT" not in os.environ:
        return Mute
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
