"""Whether somebody's account shows at all."""


def is_present(user: str) -> str:
    """The SQL condition under which people see this account; `user` is an alias of `users`.

    It is not while it is suspended or being closed, and no more when it was erased.
    """
    return (
        f"({user}.deleted_at IS NULL AND {user}.closing_at IS NULL "
        f"AND ({user}.suspended_until IS NULL OR {user}.suspended_until <= now()))"
    )
