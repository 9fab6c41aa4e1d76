"""Plugins for the tests of the laws: acme-sound keeps them all, acme-faults breaks one each."""
