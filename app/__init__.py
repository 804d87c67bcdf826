"""The service: users, tokens and posts over PostgreSQL."""
