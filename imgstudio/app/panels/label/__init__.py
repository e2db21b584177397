"""Panels of the Label workspace."""
