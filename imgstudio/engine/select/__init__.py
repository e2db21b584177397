"""Finding the thing that a person points at: clicks, strokes, a box, or a rough mask."""
