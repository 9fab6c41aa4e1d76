"""Who writes a run's folder."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from neuplug_tests.lab import Log
from neuplug_tests.terminals import SLOW, Terminals, wait_for

from neuplug.experiment.claim import RunClaim
from neuplug.storage.files import unfinished_name


def test_the_same_question_joins_and_another_is_refused(
    terminal: Terminals, run: Path, lab: Log
) -> None:
    first = terminal.compose(*SLOW)
    wait_for(lambda: any(e["what"] == "step" for e in lab()), first)
    joining = terminal.compose(*SLOW)
    other = terminal.compose(*SLOW, "--seed", "5")
    text, _ = other.communicate()
    assert other.returncode == 2
    assert f"is being written by process {first.pid}" in text and "another --name" in text
    joining.hear("another process is working on")
    assert joining.poll() is None and first.poll() is None
    first.kill()  # whoever waits takes over
    said, _ = joining.communicate()
    assert joining.returncode == 0, said
    steps = [(e["name"], e["step"]) for e in lab() if e["what"] == "step"]
    assert len(steps) <= len(set(steps)) + 1


def test_many_who_claim_one_folder_do_not_disturb_each_other(tmp_path: Path) -> None:
    """Whoever gets it clears what the dead have left, and nothing of those who still try."""
    folder, got, inside, troubles = tmp_path / "run", [], [], []
    (tmp_path / "run").mkdir()
    left = folder / unfinished_name()

    def claim() -> None:
        try:
            for _ in range(40):
                if (mine := RunClaim.take(folder, "question")) is not None:
                    got.append(mine)
                    inside.append(mine)
                    assert inside == [mine]
                    time.sleep(0.001)
                    inside.remove(mine)
                    mine.end("stopped")
        except (Exception, AssertionError) as error:
            troubles.append(error)

    first = RunClaim.take(folder, "question")
    assert first is not None
    left.write_text("of one that is gone")
    first.end("stopped")
    threads = [threading.Thread(target=claim) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not troubles, troubles
    assert got
    assert [path.name for path in folder.iterdir()] == ["status.json"]
