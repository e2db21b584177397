"""Readers, writers and metadata of the picture formats; imgstudio.core.imagefile is the public face."""
