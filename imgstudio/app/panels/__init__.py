"""Docked panels: show and emit."""
