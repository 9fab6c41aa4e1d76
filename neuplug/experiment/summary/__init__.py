"""What a run found, in words: for the terminal, and for whatever else reports it."""
