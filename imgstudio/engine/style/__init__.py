"""Style: as statistics of features that pixels are optimised towards, and as vectors that a network paints by."""
