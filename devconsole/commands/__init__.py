"""The command line, one file per noun. Each verb calls one operation, prints its answer and chooses the exit code."""
