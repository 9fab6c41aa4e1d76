"""The networks of published systems, layer by layer, one file each."""
