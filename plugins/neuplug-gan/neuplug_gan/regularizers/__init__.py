"""What regularises a discriminator, each after its paper and off by default, one file each."""
