"""imgstudio: a desktop image editor with neural filters."""

__version__ = "0.1.0"
