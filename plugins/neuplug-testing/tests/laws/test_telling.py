"""How outcomes reach an author: an exception, the command, pytest."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import neuplug_testing as testing
from neuplug import InputError
from neuplug.cli import main
from neuplug_testing import (
    LawsBroken,
    Outcome,
    check_component,
)
from neuplug_testing.law import PLUGIN
from neuplug_testing.laws import LAWS

from .conftest import MakePlugin

ONE = """
from neuplug import Component, hookimpl

@hookimpl
def neuplug_augmenters():
    yield Component("acme-some", "acme_laws.{target}", "some")
"""
HOARDING, SOUND = "fault_parts:InPlace", "sound_parts:Noise"


def test_check_returns_what_passed_and_what_was_skipped() -> None:
    outcomes = check_component("acme-sure")
    assert {o.status for o in outcomes} == {"passed", "skipped"}
    assert {(o.subject, o.kind) for o in outcomes} == {("acme-sure", "evaluator")}


def test_check_raises_one_assertion_that_names_every_broken_law() -> None:
    with pytest.raises(AssertionError) as caught:
        check_component("floats")
    assert isinstance(caught.value, LawsBroken)
    first, *rest = str(caught.value).splitlines()
    assert first.startswith("6 of ")
    assert rest[1].startswith(
        "floats, takes-rgb-32x32: With rgb-32x32 images: It returned torch.float32 on cpu instead "
        "of uint8 on the CPU. It is given images of every size"
    )
    assert len(rest) == 6 < len(caught.value.outcomes)


def test_options_go_on_top_of_the_quick_ones() -> None:
    with pytest.raises(LawsBroken, match="other-seed-other-result"):
        check_component("acme-noise", {"most": 1})  # which is no noise
    too_quick = "acme-faults:defaults-are-valid_quick"
    with pytest.raises(LawsBroken, match="With quick_options it cannot be made"):
        check_component(too_quick)
    assert check_component(too_quick, {"most": 9})  # in place of the quick one


def test_options_that_are_refused_are_a_mistake_of_whoever_gives_them() -> None:
    with pytest.raises(InputError, match=r"acme-jitter has no option 'stepz'\. Did you mean steps"):
        check_component("acme-jitter", {"stepz": 3})


def test_the_command(install: MakePlugin, capsys: pytest.CaptureFixture[str]) -> None:
    name = install("acme-some", ONE.format(target=HOARDING))
    assert main(["plugins", "check", name]) == 1
    printed = capsys.readouterr()
    assert printed.err == ""
    lines = printed.out.splitlines()
    assert lines[0] == "acme-some (plugin): 7 passed"
    assert lines[1].startswith("acme-some (augmenter): 1 failed, ")
    (told,) = [line.split(maxsplit=1) for line in lines if "changes-nothing-in-place" in line]
    assert told[1].startswith("It changes the images that it is given in place. Work on a copy")


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ("acme-noise.mst=3", "acme-noise has no option 'mst'. Did you mean most?"),
        ("acme-noise.most=1000", "acme-noise.most = 1000: input should be less than or equal to"),
        ("acme-noise=3", "--set 'acme-noise=3': write component.option=value, as in "),
        ("acme-noise.most=[", "--set acme-noise.most: '[' is not a value"),
    ],
)
def test_the_command_refuses_options_as_compose_does(
    setting: str, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    told = []
    for command in (
        ["plugins", "check", "acme-sound"],
        ["compose", "--aug", "acme-noise", "--clf", "acme-net", "--dry-run"],
    ):
        assert main([*command, "--set", setting]) == 2
        told.append(capsys.readouterr().err)
    assert told[0] == told[1]
    assert told[0].startswith(f"neuplug: error: {sentence}")
    assert len(told[0].splitlines()) == 1


@pytest.mark.parametrize(
    "component", ["acme-nois", pytest.param("training", marks=pytest.mark.slow)]
)
def test_the_command_refuses_options_of_nobody(
    component: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plugins", "check", "acme-sound", "--set", f"{component}.most=3"]) == 2
    error = capsys.readouterr().err
    assert f"acme-sound has no component {component!r}." in error
    assert ("Did you mean acme-noise?" in error) == (component == "acme-nois")


def test_the_command_as_json_with_options(
    install: MakePlugin, capsys: pytest.CaptureFixture[str]
) -> None:
    name = install("acme-some", ONE.format(target=SOUND))
    options = ["--set", "acme-some.where=rows", "--set", "acme-some.most=1"]  # which is no noise
    assert main(["plugins", "check", name, "--json", *options]) == 1
    outcomes = [Outcome(**record) for record in json.loads(capsys.readouterr().out)]
    failed = {o.law for o in outcomes if o.status == "failed"}
    assert failed == {"other-seed-other-result", "every-batch-is-new", "workers-differ"}
    assert {o.kind for o in outcomes} == {"plugin", "augmenter"}


@pytest.mark.parametrize("kind", ["json", pytest.param("table", marks=pytest.mark.slow)])
def test_what_a_component_prints_stays_out_of_the_standard_output(
    kind: str, install: MakePlugin, capfd: pytest.CaptureFixture[str]
) -> None:
    name = install("acme-some", ONE.format(target="fault_parts:Loud"))
    assert main(["plugins", "check", name, *(["--json"] if kind == "json" else [])]) == 1
    printed = capfd.readouterr()
    assert "by Python" in printed.err and "by the system" in printed.err
    if kind == "json":
        (failed,) = [r for r in json.loads(printed.out) if r["status"] == "failed"]
        assert failed["law"] == "prints-nothing"
        assert failed["message"].startswith("It prints 'by Python'. Leave the standard output")
    else:
        assert printed.out.startswith("acme-some (plugin): 7 passed")


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("Ending", "It ends the process that checks it (signal SIGABRT). Raise an exception"),
        pytest.param(
            "Leaving",
            "With grey-32x32 images it fails: SystemExit: os._exit(0) (fault_parts.py, li",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            "Panicking",
            "With grey-32x32 images it fails: Panic: index out of bounds (fault_parts.p",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_a_component_that_ends_its_process_is_told_of_and_the_rest_goes_on(
    target: str, said: str, install: MakePlugin, capsys: pytest.CaptureFixture[str]
) -> None:
    two = ONE + '    yield Component("acme-well", "acme_laws.sound_parts:Noise", "well")\n'
    name = install("acme-some", two.format(target=f"fault_parts:{target}"))
    laws = ["--law", "takes-grey-32x32", "--law", "prints-nothing"]
    assert main(["plugins", "check", name, "--json", *laws]) == 1
    first, second, *rest = [Outcome(**each) for each in json.loads(capsys.readouterr().out)]
    assert (first.subject, first.law, first.status) == ("acme-some", laws[1], "failed")
    assert first.message.startswith(said)
    assert (second.law, second.status) == ("prints-nothing", "skipped")
    assert [(o.subject, o.status) for o in rest] == [("acme-well", "passed")] * 2


def test_an_interruption_that_a_component_raises_is_its_own(
    install: MakePlugin, capsys: pytest.CaptureFixture[str]
) -> None:
    name = install("acme-some", ONE.format(target="fault_parts:Interrupting"))
    assert main(["plugins", "check", name, "--json", "--law", "takes-grey-32x32"]) == 1
    (found,) = [Outcome(**each) for each in json.loads(capsys.readouterr().out)]
    assert found.status == "failed" and "KeyboardInterrupt" in found.message
    assert "(fault_parts.py, line " in found.message and "signal" not in found.message


def test_one_law_or_the_fast_ones(install: MakePlugin, capsys: pytest.CaptureFixture[str]) -> None:
    name = install("acme-some", ONE.format(target="fault_parts:Printing"))
    assert main(["plugins", "check", name, "--fast", "--json"]) == 1
    fast = [Outcome(**each) for each in json.loads(capsys.readouterr().out)]
    assert [o.law for o in fast if o.status == "failed"] == ["prints-nothing"]
    assert {o.law for o in fast} == {
        law.name for law in LAWS if law.fast and law.kinds & {PLUGIN, "augmenter"}
    }
    for law, said in (
        ("print-nothing", "no law is called 'print-nothing'. Did you mean prints-nothing? There"),
        ("learns", "the law learns cannot be checked for what acme-some offers: leave out"),
    ):
        assert main(["plugins", "check", name, "--law", law]) == 2
        assert said in capsys.readouterr().err


REPORTER = """
from neuplug import Component, Reporter, hookimpl

@hookimpl
def neuplug_reporters():
    yield Component("acme-report", "acme_report:Report", "nothing")

class Report(Reporter):
    def report(self, run):
        return None
"""


def test_of_a_reporter_only_what_comes_before_its_work_is_checked(install: MakePlugin) -> None:
    install("acme-report", REPORTER)
    with pytest.raises(LawsBroken) as caught:
        check_component("acme-report")
    status = {outcome.law: outcome.status for outcome in caught.value.outcomes}
    assert [law for law in status if status[law] == "failed"] == ["is-documented"]
    assert status["prints-nothing"] == "skipped" and status["loads"] == "passed"


UNMARKED = """
def test_law(neuplug_law):
    neuplug_law()
"""
MARKED = f"""
import pytest

@pytest.mark.neuplug("acme-some"){UNMARKED}"""


def pytest_on(text: str, folder: Path, path: list[Path]) -> subprocess.CompletedProcess[str]:
    (folder / "test_plugin.py").write_text(text)
    chosen = ["-v", "-rs", "--strict-markers", "-k", "is-documented or in-place or bounds-of"]
    command = f"import sys; sys.path[:0] = {list(map(str, path))}; import pytest; "
    command += f"sys.exit(pytest.main({[*chosen, 'test_plugin.py']}))"
    return subprocess.run(
        [sys.executable, "-c", command], cwd=folder, capture_output=True, text=True, check=False
    )


def test_in_pytest_each_law_is_a_test(install: MakePlugin, site: Path, tmp_path: Path) -> None:
    install("acme-some", ONE.format(target="fault_parts:Smudging"))
    done = pytest_on(MARKED, tmp_path, [tmp_path, site])
    assert done.returncode == 1, done.stderr
    assert "test_law[acme-some-is-documented] PASSED" in done.stdout
    assert "test_law[acme-some-changes-nothing-in-place] FAILED" in done.stdout
    assert "test_law[acme-some-bounds-of-options-hold] SKIPPED" in done.stdout
    assert "none of its options has bounds or choices" in done.stdout
    assert "It changes the images that it is given in place. Work on a copy" in done.stdout
    assert "Traceback" not in done.stdout


def test_in_pytest_a_missing_marker_is_told(tmp_path: Path) -> None:
    done = pytest_on(UNMARKED, tmp_path, [])
    assert 'add @pytest.mark.neuplug("its-distribution")' in done.stdout
    assert "Traceback" not in done.stdout


@pytest.mark.parametrize("module", ["neuplug_testing", "neuplug_testing.pytest_plugin"])
def test_nothing_heavy_is_loaded_for_those_who_do_not_use_it(module: str) -> None:
    code = f"import sys, {module}; sys.exit('torch' in sys.modules or 'numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_public_names() -> None:
    for name in testing.__all__:
        assert getattr(testing, name).__doc__
