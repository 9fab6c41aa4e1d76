"""What an earlier neuplug has written is read, where its schema says that it can be."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from neuplug.cli import main

OLD = Path(__file__).parent / "old"
"""``results.json`` of real runs, each by the first neuplug that wrote its schema."""


@pytest.mark.parametrize("file", sorted(OLD.glob("*.json")), ids=lambda file: file.stem)
def test_the_report_of_an_old_run_is_made_again(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "results.json").write_bytes(file.read_bytes())
    content = json.loads(file.read_text("utf-8"))
    assert "evaluators" not in content and "arm_costs" not in content
    assert all("units" not in fit for fit in content["generators"])
    assert main(["report", str(tmp_path)]) == 0
    assert "no evidence that jitter@add=4 helps or harms linear" in capsys.readouterr().out
    assert (tmp_path / "report.html").stat().st_size > 10_000
    assert list((tmp_path / "figures").glob("generator-jitter*.svg"))
    # beside another run, and still the file that was there
    page = tmp_path / "both.html"
    assert main(["report", str(tmp_path), str(tmp_path), "--out", str(page)]) == 0
    assert page.is_file()
    assert (tmp_path / "results.json").read_bytes() == file.read_bytes()


@pytest.mark.parametrize("file", sorted(OLD.glob("*.json")), ids=lambda file: file.stem)
def test_within_a_schema_fields_are_only_added(file: Path) -> None:
    from jsonschema import Draft202012Validator

    text = files("neuplug.report").joinpath("results.schema.json").read_text("utf-8")
    schema = json.loads(text, object_hook=without_required)
    validator = Draft202012Validator(schema)
    content = json.loads(file.read_text("utf-8"))
    assert [error.message for error in validator.iter_errors(content)] == []
    content["cells"][0]["steps"] = "ten"
    content["generators"][0]["bound"] = 1
    assert len(list(validator.iter_errors(content))) == 2


def without_required(node: dict[str, Any]) -> dict[str, Any]:
    """A schema of which an older file may lack any field."""
    return {k: v for k, v in node.items() if not (k == "required" and isinstance(v, list))}
