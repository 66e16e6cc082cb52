"""Who people are: accounts, passwords, one-time codes, sessions and the refresh tokens that keep them signed in.

Owns users, sessions, refresh_tokens, authenticators and recovery_codes. Announces UserRegistered, PasswordChanged,
AccountClosed, SessionRevoked and StandingChanged. Listens to nobody: it is the lowest domain, so everyone may join its
tables.

It may be asked more than one file should hold: `messages.py` is signing up, in and out, `sessions.py` what is open,
`credentials.py` what proves who somebody is, `standing.py` what they may be and when that ends.
"""
