"""What a shell completes, as a shell asks for it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from neuplug_tests.lab import SITE
from neuplug_tests.light import HEAVY

PROBE = """
import sys
from neuplug.cli import main
try:
    main()
finally:
    print("\\n".join(sorted(sys.modules)), file=sys.stderr)
"""


def complete(*words: str, **variables: str) -> tuple[set[str], set[str]]:
    """What is offered for the last word, and the modules that this has loaded."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(SITE),
        "_NEUPLUG_COMPLETE": "complete_bash",
        "COMP_WORDS": " ".join(["neuplug", *words]),
        "COMP_CWORD": str(len(words)),
        **variables,
    }
    done = subprocess.run(
        [sys.executable, "-c", PROBE], env=environment, capture_output=True, text=True, check=False
    )
    return set(done.stdout.split()), set(done.stderr.split())


@pytest.mark.parametrize(
    ("words", "among", "not_among"),
    [
        (["comp"], {"compose"}, {"plugins"}),
        (["compose", "--per"], {"--per-class"}, {"--repeats"}),
        (["compose", "--aug", "mi"], {"mirror"}, {"linear", "jitter"}),
        (["compose", "--aug", "mirror", "--clf", ""], {"linear", "conv"}, {"mirror"}),
        (["compose", "--set", "training.l"], {"training.lr="}, {"linear."}),
        (["compose", "--set", "lin"], {"linear."}, {"training.lr="}),
        (["compose", "--near", "o"], {"on", "off", "overlap"}, set()),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_names_and_options_without_torch(
    words: list[str], among: set[str], not_among: set[str]
) -> None:
    offered, modules = complete(*words)
    assert among <= offered and not offered & not_among
    assert not (HEAVY - {"pydantic", "yaml"}) & modules


def test_the_script_for_a_shell() -> None:
    offered, _ = complete(_NEUPLUG_COMPLETE="source_bash")
    assert "complete" in offered and "neuplug" in offered
