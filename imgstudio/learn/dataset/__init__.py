"""Folders of pictures as users have them: found, checked, split by group, cached, cut and turned. No torch."""
