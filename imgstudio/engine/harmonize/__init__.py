"""A pasted object made part of the picture below it: masks, an instant blend, photos, paintings."""
