"""The loop that trains every classifier alike, and what it says of the result."""
