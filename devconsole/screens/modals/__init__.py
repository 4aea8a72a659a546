"""Forms: each returns one ready operation, or nothing."""
