"""One recipe a file, each ends in RECIPE."""
