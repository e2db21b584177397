"""One filter a file, each ends in FILTER."""
