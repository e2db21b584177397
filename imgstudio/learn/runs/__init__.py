"""What a run leaves on disk and how a running one is steered: folder, log, control, worker. No torch at import."""
