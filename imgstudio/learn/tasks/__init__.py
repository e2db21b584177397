"""What the trainer trains: networks with their data, losses, scores and export, one task a file."""
