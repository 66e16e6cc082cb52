"""What a domain has of somebody, as its owner may take it away. A domain's `belongings.py` lists it."""

from typing import NamedTuple


class Belonging(NamedTuple):
    """One list of somebody's: its name, and the SQL that reads its rows, `$1` being the person's id.

    The columns are for people to read: no secrets, no hashes, nothing that somebody else said in private.
    """

    name: str
    sql: str
