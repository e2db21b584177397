"""The parts of an OpenRaster file: its archive, its PNG pictures, its stack.xml and our own state."""
