"""Made for an earlier neuplug, and says so."""

raise RuntimeError("imported although it is made for another neuplug")
