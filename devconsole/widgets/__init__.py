"""What two screens or more are made of."""
