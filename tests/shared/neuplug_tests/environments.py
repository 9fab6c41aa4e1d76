"""Wheels, and environments that have what was built and nothing else of neuplug.

To install torch takes minutes and gigabytes. So third-party packages are those of the running
environment, seen through links, and only those that the wheels ask for, themselves or through
others: what a wheel forgets to ask for is as absent as it would be elsewhere. neuplug and its
plugins come from their wheels, installed by pip, which holds all requirements against what is
there and asks no index.
"""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import Distribution, PackageNotFoundError, PathDistribution, distribution
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[3]
PACKAGES = tuple(
    sorted(p.parent for pattern in (".", "plugins/*", "examples/*")
           for p in ROOT.glob(f"{pattern}/pyproject.toml"))
)  # fmt: skip
"""The folders of all packages of the repository."""

UNREACHABLE = ("failed to fetch", "error sending request", "dns error", "client error (connect)")
"""What uv says where there is no network."""

WHERE_FROM = """
import json, importlib.metadata as metadata, neuplug
ours = [d for d in metadata.distributions() if d.name.startswith("neuplug")]
print(json.dumps([neuplug.__file__, *(str(d.locate_file("")) for d in ours)]))
"""

Done = subprocess.CompletedProcess[str]


def run(*words: str | Path, where: Path, **settings: str) -> Done:
    """Run a command without what this environment would add to it."""
    ours = ("PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "VIRTUAL_ENV", "UV_PROJECT_ENVIRONMENT")
    environment = {key: value for key, value in os.environ.items() if key not in ours}
    return subprocess.run(
        list(map(str, words)), cwd=where, env=environment | settings,
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def uv(*words: str | Path, where: Path, newest: bool = False) -> str:
    """Run uv with what its cache holds, or else with the network, or else skip.

    Args:
        words: What follows ``uv``.
        where: The working folder.
        newest: Whether versions matter, which the cache may be behind with.
    """
    if shutil.which("uv") is None:
        pytest.skip("uv, which builds the wheels, is not here")
    done = None if newest else run("uv", *words, "--offline", where=where)
    if done is None or done.returncode:
        done = run("uv", *words, where=where)
    if done.returncode and any(sign in done.stderr.lower() for sign in UNREACHABLE):
        pytest.skip("uv's cache lacks a package, and there is no network to fetch it")
    assert done.returncode == 0, done.stderr
    return done.stdout


def once(folder: Path, fill: Callable[[Path], object] = Path.exists) -> Path:
    """A folder that is made by the worker of pytest that needs it first, and serves them all."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{folder}.lock"):
        if not folder.exists():
            folder.mkdir()
            try:
                fill(folder)
            except BaseException:
                shutil.rmtree(folder, ignore_errors=True)
                raise
    return folder


def build(source: Path, into: Path, *options: str) -> None:
    """Build a package away from its sources, which stay as they are."""
    uv("build", *options, "--out-dir", into, source, where=into)


def metadata(wheel: Path) -> PathDistribution:
    """What a wheel says of itself."""
    name, version, *_ = wheel.name.split("-")
    return PathDistribution(zipfile.Path(wheel, f"{name}-{version}.dist-info/"))


def requirements(found: Distribution, extra: str = "") -> list[Requirement]:
    """What a distribution asks for on this machine, or what one of its extras does."""
    asked = [Requirement(line) for line in found.requires or []]
    return [r for r in asked if r.marker is None or r.marker.evaluate({"extra": extra})]


def needed(names: Iterable[str], wheels: Path) -> set[str]:
    """The distributions that these lead to, themselves among them.

    Args:
        names: As pip takes them: ``neuplug[standard]``.
        wheels: What is not installed here is looked up in these.
    """
    built = {canonicalize_name(m.name): m for m in map(metadata, wheels.glob("*.whl"))}
    seen: set[tuple[str, str]] = set()
    waiting = [Requirement(name) for name in names]
    while waiting:
        asked = waiting.pop()
        name = canonicalize_name(asked.name)
        for extra in {"", *asked.extras} - {extra for other, extra in seen if other == name}:
            seen.add((name, extra))
            if (found := built.get(name) or _installed(name)) is not None:
                waiting += requirements(found, extra)
    return {name for name, _ in seen}


def link(name: str, farm: Path) -> Path:
    """A folder with a distribution of the running environment and no other.

    It is empty where there is no such distribution: pip will miss it.
    """

    def fill(folder: Path) -> None:
        if (found := _installed(name)) is not None:
            home = Path(str(found.locate_file("")))
            for top in {file.parts[0] for file in found.files or ()} - {"..", "__pycache__"}:
                (folder / top).symlink_to(home / top)

    return once(farm / canonicalize_name(name), fill)


def _installed(name: str) -> Distribution | None:
    """A distribution of the running environment."""
    try:
        return distribution(name)
    except PackageNotFoundError:
        return None


@dataclass(frozen=True)
class Environment:
    """A virtual environment.

    Attributes:
        folder: Where it is.
        settings: Environment variables for its commands.
    """

    folder: Path
    settings: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def make(cls, folder: Path, *options: str, **settings: str) -> Environment:
        """Make one of the running Python as everybody does, with ``python -m venv``."""
        done = run(sys.executable, "-m", "venv", *options, folder, where=folder.parent, **settings)
        if done.returncode and "ensurepip" in done.stdout + done.stderr:
            pytest.skip("this Python makes no environment with pip: it has no ensurepip")
        assert done.returncode == 0, done.stdout + done.stderr
        return cls(folder, settings)

    def path(self, name: str) -> Path:
        """One of its folders, such as ``scripts``."""
        base = {"base": str(self.folder)}
        return Path(sysconfig.get_path(name, "venv", vars=base))

    def run(self, command: str, *words: str | Path, where: Path) -> Done:
        """Run one of its commands."""
        return run(self.path("scripts") / command, *words, where=where, **self.settings)

    def output(self, command: str, *words: str | Path, where: Path) -> str:
        """What one of its commands prints, which must succeed."""
        done = self.run(command, *words, where=where)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def answer(self, command: str, *words: str | Path, where: Path) -> Any:
        """What one of its commands prints as JSON."""
        return json.loads(self.output(command, *words, where=where))


@dataclass(frozen=True)
class Installer:
    """Makes environments with what is asked for.

    Attributes:
        wheels: The folder with the wheels of the repository.
        home: Where environments are made; pytest's workers have it in common.
    """

    wheels: Path
    home: Path

    @property
    def settings(self) -> dict[str, str]:
        """What third-party modules are compiled to is kept, once for all environments."""
        return {"PYTHONPYCACHEPREFIX": str(self.home / "bytecode")}

    @functools.cached_property
    def pip(self) -> Environment:
        """An environment that has pip, which installs into the others.

        Even with ``--isolated`` pip reads the machine's settings, such as a constraint in
        ``/etc/xdg/pip/pip.conf``; the null device in place of a file makes it deaf to them.
        """
        settings = {"PIP_CONFIG_FILE": os.devnull, **self.settings}
        folder = once(self.home / "pip", lambda f: Environment.make(f, **settings))
        return Environment(folder, settings)

    def third_party(self, *names: str) -> list[Path]:
        """A folder for each distribution that these lead to, but for those of neuplug."""
        found = sorted(n for n in needed(names, self.wheels) if not n.startswith("neuplug"))
        return [link(name, self.home / "third-party") for name in found]

    def fetched(self, *names: str) -> Path:
        """A folder with packages that the running environment need not have."""
        words = ("pip", "install", "--quiet", "--target")
        return once(
            self.home / "fetched" / canonicalize_name(Requirement(names[0]).name),
            lambda folder: uv(*words, folder, *names, where=self.home),
        )

    def without_network(self, *names: str) -> dict[str, str]:
        """Settings for commands as users type them, which install these.

        What takes the network's place: third-party packages are there before they are asked for.
        pip finds them where Python does and asks no index. To install a folder pip would fetch its
        build backend: it is given one too, and told to use it (pip reads this variable as the
        option's opposite).
        """
        paths = [*self.third_party(*names), self.fetched("hatchling>=1.26,<2", "editables")]
        return {
            "PYTHONPATH": ":".join(map(str, paths)),
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_FIND_LINKS": "",
            "PIP_NO_INDEX": "1",
            "PIP_NO_BUILD_ISOLATION": "0",
            "PATH": f"{sys.base_prefix}/bin:/usr/bin:/bin",
            **self.settings,
        }

    def __call__(
        self, *names: str, own: Path | None = None, beside: Iterable[str] = ()
    ) -> Environment:
        """A new environment.

        Args:
            names: What is installed, as pip takes it: ``neuplug[standard]``.
            own: A folder with further wheels.
            beside: Third-party distributions that it has besides, such as ``pytest``.
        """
        folder = Path(tempfile.mkdtemp(dir=self.home))
        made = Environment.make(folder, "--without-pip", **self.settings)
        lines = map(str, self.third_party(*names, *beside))
        (made.path("purelib") / "third-party.pth").write_text("\n".join(lines))
        folders = [self.wheels] if own is None else [self.wheels, own]
        words = [word for place in folders for word in ("--find-links", place)]
        self.into(made, "install", "--quiet", "--no-compile", "--no-index", *words, *names)
        for place in made.answer("python", "-c", WHERE_FROM, where=self.home):
            assert Path(place).is_relative_to(made.path("purelib")), "not from a wheel"
        return made

    def into(self, made: Environment, *words: str | Path) -> None:
        """Have pip do something to an environment, deaf to this machine's settings."""
        self.pip.output("pip", "--isolated", "--python", made.folder, *words, where=self.home)
