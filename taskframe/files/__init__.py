"""Files: CSV out and in, saved frames and plans."""
