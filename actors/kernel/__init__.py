"""The machine the domains run on: messages, lanes, transactions, the outbox and its relay, inboxes, jobs.

Knows no domain. A message is asked of the system, waits in a lane's mailbox, and is handled in one transaction;
the facts it announces leave through the outbox and reach every listening domain exactly once in effect.
"""
