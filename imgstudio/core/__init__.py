"""Documents, layers, history, files: no Qt, no torch."""
