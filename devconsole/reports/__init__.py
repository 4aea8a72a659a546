"""Reports for people: their names, how a figure of each column reads, and which of them say more as a chart."""
