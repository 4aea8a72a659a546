"""Payment stories as files: what is given, what is done, what must be true of the money afterwards."""
