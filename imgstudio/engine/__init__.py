"""Networks, devices, tiling and model files: torch, no Qt."""
