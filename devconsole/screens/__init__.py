"""What fills the terminal: one file per screen, beside its stylesheet."""
