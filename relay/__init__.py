"""What travels: webhook ingress, inbox journal, live feed, control API and its client."""
