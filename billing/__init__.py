"""What money means: models, ledger, rules, the four services, webhook handlers. No HTTP server, no screen."""
