"""The database's schema and data, wherever it runs."""
