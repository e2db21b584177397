"""Ways to spoil clean pictures on purpose, one a file; a network learns the way back."""
