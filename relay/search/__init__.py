"""Finding events among very many: a full-text index that is kept beside the inbox, and the queries that use it."""
