"""A folder of pictures with their labels: plain files, each whole at any moment."""
