"""Questions that need an answer before anything can be done."""
