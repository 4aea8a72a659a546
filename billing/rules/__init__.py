"""Pure decisions: facts in, an answer with its reason out. No session, no clock, no network."""
