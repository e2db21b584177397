"""Style as statistics of features, and pictures that are optimised until they have it."""
