"""DCGAN (Radford et al. 2016) for neuplug."""
