"""Every command line of the README, the guides and the packages' READMEs is one that neuplug takes.

A line of a fenced block that begins with ``neuplug`` (or ``uv run neuplug``, or a setting of the
environment) is run in a folder with the images that the texts speak of: as it stands, or, if it is
a ``compose``, with a budget of seconds. Those of the README are run to their end, and all others
too where slow tests are asked for; else they are planned. A block that is followed by
``<!-- parsed only: why -->`` is not run: its options, and those of components behind ``--set``,
must exist. So must those of the commands of the results.
"""

from __future__ import annotations

import functools
import itertools
import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from .small import small
from .texts import ROOT, TEXTS, blocks

RESULTS = sorted((ROOT / "docs" / "results").glob("*.md"))
COMMAND = re.compile(r"(?:^|&& )(?:[A-Z_]+=\S+ )*(?:uv run )?(neuplug .*)")


@functools.cache
def commands() -> dict[str, bool]:
    """Command lines, and whether they are run."""
    found: dict[str, bool] = {}
    for text in [*RESULTS, *TEXTS]:
        for content, reason in blocks(text, "", "console", "sh", "bash"):
            lines = [match[1] for line in content.splitlines() if (match := COMMAND.search(line))]
            found |= {line.strip(): not reason and text not in RESULTS for line in lines}
        # within the text too, where the whole line is meant to be typed
        typed = re.findall(r"`uv run (neuplug [^\n`]*)`", text.read_text("utf-8"))
        found |= {line.strip(): text not in RESULTS for line in typed}
    return found


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working folder with the photographs that the texts speak of."""
    from PIL import Image

    folder = tmp_path_factory.mktemp("place")
    for name in ("scratch", "dent"):
        (folder / "PHOTOS" / name).mkdir(parents=True)
        for i in range(60):
            Image.effect_noise((32, 32), 60 + i).save(folder / "PHOTOS" / name / f"{i}.png")
    for i in range(6 * 60):
        kind = ("crazing", "inclusion", "patches", "pitted_surface", "rolled-in_scale", "scratches")
        file = folder / "NEU-DET" / "IMAGES" / f"{kind[i % 6]}_{i // 6 + 1}.jpg"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.effect_noise((32, 32), 60 + i).save(file)
    square = {"label": "pit", "points": [[300, 300], [340, 340]], "shape_type": "rectangle"}
    about = {"shapes": [square], "imagePath": "1_2_3_4_.png"}
    for images, labelme in (("IMAGES", "LABELME"), ("images", "labelme")):
        (folder / images).mkdir(exist_ok=True)
        (folder / labelme).mkdir(exist_ok=True)
        Image.effect_noise((600, 600), 80).save(folder / images / "1_2_3_4_.png")
        text = json.dumps({**about, "imageHeight": 600, "imageWidth": 600})
        (folder / labelme / "1_2_3_4_.json").write_text(text)
    return folder


def trains(command: str) -> bool:
    """Whether it is a ``compose`` that is run."""
    return commands()[command] and "neuplug compose" in command and "--dry-run" not in command


TRAIN = [command for command in sorted(commands()) if trains(command)]
LONG = [c for c in commands() if re.match("neuplug (doctor|plugins check)", c) and commands()[c]]
FIRST = [command for command in TRAIN if command in (ROOT / "README.md").read_text("utf-8")]


@pytest.fixture
def words(command: str, place: Path, packages: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is typed behind ``neuplug``, in the place that it is typed in."""
    monkeypatch.chdir(place)
    monkeypatch.syspath_prepend(str(packages))
    found = shlex.split(command, comments=True)[1:]
    return small(found) if command in TRAIN else found


@pytest.mark.parametrize("command", sorted(commands()))
def test_a_command_of_the_texts(
    command: str, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    from neuplug.cli import build, main

    if not commands()[command] or command in LONG:
        parse(build(), words)
        check_settings(words)
        return
    if command in TRAIN and command not in FIRST:
        words = [*words, "--dry-run"]
    assert main(words) == 0, capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize("command", sorted({*TRAIN, *LONG} - {*FIRST}))
def test_a_command_that_takes_long(
    command: str, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    from neuplug.cli import main

    # what doctor finds is the machine's
    assert main(words) in ((0, 1) if words[0] == "doctor" else (0,)), capsys.readouterr().err


def parse(group: Any, words: list[str], path: str = "neuplug") -> None:
    """Take the words as the command line does, and do nothing."""
    context = group.make_context(path, words[:1], resilient_parsing=True)
    name, command, _ = group.resolve_command(context, words)
    if hasattr(command, "commands") and len(words) > 1:
        parse(command, words[1:], f"{path} {name}")
    else:
        command.make_context(name, words[1:], parent=context)


def check_settings(words: list[str]) -> None:
    """See that what is behind ``--set`` is there."""
    from neuplug.plugins.registry import discover
    from neuplug.training.options import TrainingOptions

    settings = (word for before, word in itertools.pairwise(words) if before == "--set")
    for name, _, option in (setting.partition("=")[0].partition(".") for setting in settings):
        if name == "training":
            assert option in TrainingOptions.model_fields
        else:
            assert option in discover().resolve(name).load().options_class.model_fields


def test_what_is_parsed_only_must_exist() -> None:
    from neuplug.cli import build

    with pytest.raises(Exception, match="--agu"):
        parse(build(), ["compose", "--agu", "flip"])
    check_settings(["compose", "--set", "dcgan.steps=3", "--set", "training.lr=1"])
    with pytest.raises(AssertionError, match="stepz"):
        check_settings(["compose", "--set", "dcgan.stepz=3"])


def test_the_readmes_commands_are_run_to_their_end() -> None:
    assert "neuplug compose --aug dcgan --clf mobilenetv2" in FIRST and 2 <= len(FIRST) < 6


def test_no_command_is_passed_over() -> None:
    """None is in an indented block, and the end of another block is not the beginning of one."""
    for text in [*TEXTS, *RESULTS]:
        indented = re.findall(r"^(?: {4}|\t).*neuplug compose.*$", text.read_text("utf-8"), re.M)
        assert not indented, f"{text}: put it between fences"
    found = commands()
    assert found["neuplug compose --data OUT --aug flip --aug dcgan --clf smallcnn"] is False
    assert found["neuplug compose --aug posterize --clf smallcnn --set posterize.levels=16"]
    assert found["neuplug compose --aug dcgan --clf smallcnn --eval fid"]


def test_links_of_the_texts_lead_somewhere() -> None:
    """Also to headings: ``page.md#heading``."""
    for file in [*TEXTS, *RESULTS, ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"]:
        for target in re.findall(r"\]\(([^)\s]+)\)", file.read_text("utf-8")):
            page, _, heading = target.partition("#")
            if "://" in target:
                continue
            there = (file.parent / page) if page else file
            assert there.exists(), f"{file}: {target}"
            if heading:
                headings = re.findall(r"^#+ (.*)$", there.read_text("utf-8"), re.M)
                slugs = [
                    re.sub(r"[^\w -]", "", h).strip().lower().replace(" ", "-") for h in headings
                ]
                assert heading in slugs, f"{file}: {target}"
