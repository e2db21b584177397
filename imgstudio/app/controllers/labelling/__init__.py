"""Labelling pictures of a project: which one is open, what is kept, what it took."""
