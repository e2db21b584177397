"""One label format a file, each ends in FORMAT."""
