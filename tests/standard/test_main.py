"""What the help says of the commands of this repository's packages."""

from __future__ import annotations

import pytest

from neuplug.cli import main


def test_the_help_has_the_summary_of_a_plugins_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    assert "List the recipes for published systems: source, data, cost." in capsys.readouterr().out
