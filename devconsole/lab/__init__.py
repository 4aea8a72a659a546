"""The fault lab: things go wrong on purpose, in a world of its own, and what must hold is looked at afterwards."""
