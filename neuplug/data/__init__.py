"""From what people have on disk to one set of decoded images with splits and groups."""
