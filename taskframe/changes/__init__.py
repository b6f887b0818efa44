"""The diff engine: what was edited, cell by cell, and what to do when others edited too. Pure."""
