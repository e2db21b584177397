"""One script a shipped model."""
