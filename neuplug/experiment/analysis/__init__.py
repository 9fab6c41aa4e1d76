"""What the finished tasks say: statistics, verdicts, doses, costs, provenance."""
