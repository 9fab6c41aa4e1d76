"""Made for a neuplug to come; importing it is an error."""

raise AssertionError("imported in spite of its requirement")
