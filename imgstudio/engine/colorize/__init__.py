"""Colours for grey pictures: strokes, how they spread, how they are enlarged, and what a network proposes."""
