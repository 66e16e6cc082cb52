"""What people settle by mail: proving an address, changing it, a forgotten password, and the end of an account.

Owns mail_tokens, mail_quotas and deferred_letters. Announces PasswordResetAsked, VerificationAsked, EmailChangeAsked,
EmailProven, ErasureDue and AccountErased, at which every domain above removes what it has of somebody.
Listens to UserRegistered, PasswordChanged and AccountClosed, and to its own facts: each mail is a job they cause.
"""
