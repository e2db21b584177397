"""Labelling the open picture: painting label values by rules, and what is done to whole regions and objects."""
