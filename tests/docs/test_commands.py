"""Every command line of the README and the guides is one that neuplug takes.

A line of a fenced block that begins with ``neuplug`` (or ``uv run neuplug``, or a setting of the
environment) is run as it stands, ``compose`` with ``--dry-run``, in a folder with the images that
the texts speak of. A block followed by ``<!-- parsed only: why -->`` is not run: its options must
exist.
"""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer

ROOT = Path(__file__).parents[2]
GUIDES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```\n(?:<!-- parsed only: (.+?) -->)?", re.DOTALL | re.M)
COMMAND = re.compile(r"(?:^|&& )(?:[A-Z_]+=\S+ )*(?:uv run )?(neuplug .*)")


def commands() -> dict[str, bool]:
    """Command lines, and whether they are run."""
    found: dict[str, bool] = {}
    for guide in GUIDES:
        text = guide.read_text("utf-8")
        for language, content, reason in BLOCK.findall(text):
            if language in ("", "console", "sh", "bash"):
                lines = [
                    match[1] for line in content.splitlines() if (match := COMMAND.search(line))
                ]
                found |= {line.strip(): not reason for line in lines}
        # within the text too, where the whole line is meant to be typed
        found |= {line.strip(): True for line in re.findall(r"`uv run (neuplug [^\n`]*)`", text)}
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


@pytest.mark.parametrize("command", sorted(commands()))
def test_a_command_of_the_texts(
    command: str, place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from neuplug.cli import build, main

    monkeypatch.chdir(place)
    monkeypatch.setenv("NEUPLUG_CACHE", str(place / "cache"))  # images are decoded once
    words = shlex.split(command, comments=True)[1:]
    # what doctor finds is the machine's, and takes as long as loading everything
    if not commands()[command] or words[0] == "doctor":
        parse(typer.main.get_command(build()), words)
        return
    if words[0] == "compose" and "--dry-run" not in words:
        words.append("--dry-run")
    assert main(words) == 0, capsys.readouterr().err


def parse(group: Any, words: list[str]) -> None:
    """Take the words as the command line does, and do nothing."""
    context = group.make_context("neuplug", words[:1], resilient_parsing=True)
    name, command, _ = group.resolve_command(context, words)
    if hasattr(command, "commands") and len(words) > 1:
        parse(command, words[1:])
    else:
        command.make_context(name, words[1:], parent=context)


def test_what_is_parsed_only_says_why() -> None:
    reasons = [reason for guide in GUIDES for *_, reason in BLOCK.findall(guide.read_text("utf-8"))]
    assert all(len(reason.split()) > 3 for reason in filter(None, reasons))
    with pytest.raises(Exception, match="--agu"):
        from neuplug.cli import build

        parse(typer.main.get_command(build()), ["compose", "--agu", "flip"])


def test_links_of_the_texts_lead_somewhere() -> None:
    """Also to headings: ``page.md#heading``."""
    files = [*GUIDES, *(ROOT / "docs" / "results").glob("*.md"), *ROOT.glob("plugins/*/*.md")]
    for file in [*files, ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"]:
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
