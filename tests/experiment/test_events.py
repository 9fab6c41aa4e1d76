"""The events of a run, as its folder keeps them."""

from __future__ import annotations

from pathlib import Path

from neuplug.experiment import events


def test_a_torn_line_and_a_foreign_one_are_left_out(tmp_path: Path) -> None:
    log = events.EventLog(tmp_path)
    log.say("first")
    log.close()
    with (tmp_path / events.FILE).open("a") as file:
        file.write('{"format":99,"event":"of the future"}\n{"seq":2,"event":"sa')
    log = events.EventLog(tmp_path)
    log.say("second")
    log.close()
    found = list(events.follow(tmp_path, lambda: True))
    assert [(e.seq, e.text) for e in found if isinstance(e, events.Said)] == [
        (1, "first"),
        (2, "second"),
    ]
