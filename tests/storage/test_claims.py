"""One of many holds a claim."""

from __future__ import annotations

import threading
from pathlib import Path

from neuplug.storage.claims import Claim


def test_of_many_threads_one_gets_it(tmp_path: Path) -> None:
    got: list[Claim] = []
    barrier = threading.Barrier(8)

    def take() -> None:
        barrier.wait()
        if (claim := Claim.take(tmp_path / "claim")) is not None:
            got.append(claim)

    for _ in range(20):
        threads = [threading.Thread(target=take) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        (claim,) = got
        claim.release()
        got.clear()


def test_something_else_in_a_claims_place_is_no_claim(tmp_path: Path) -> None:
    (tmp_path / "claim").write_text("a file")
    assert Claim.take(tmp_path / "claim") is not None
