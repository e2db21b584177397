"""Training: recipes, sessions, schedules, checkpoints."""
