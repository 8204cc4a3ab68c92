"""The language that all services share: roles, fields, thematiques, and the French texts that belong to no single service."""
