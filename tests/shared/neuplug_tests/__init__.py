"""What tests of the core and of plugins share; on pytest's path under this name."""
