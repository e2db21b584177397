"""Label files of other programs, read into `core.labels`."""
