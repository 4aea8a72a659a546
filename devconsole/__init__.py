"""What people touch: the terminal UI, the command line, settings, and the wiring of the server process."""

__version__ = "0.1.0"
