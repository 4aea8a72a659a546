"""Stories that play by themselves: the same files as in CI, with their captions, at a pace that people can follow."""
