"""Who people are: accounts, passwords, sessions and the refresh tokens that keep them signed in.

Owns users, sessions and refresh_tokens. Announces UserRegistered and SessionRevoked. Listens to nobody: it is
the lowest domain, so everyone may join its tables.
"""
