"""From what was done on a running server to a story that passes."""
