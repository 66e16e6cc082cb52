"""What somebody must be to do something: declared on routes and topics, asked for in one place."""

from typing import NamedTuple

from actors.auth.people import Caller, Plan, Role
from actors.kernel.errors import Forbidden, Refusal, Unauthenticated

_ROLES = {role: rank for rank, role in enumerate((Role.user, Role.creator, Role.admin))}
_PLANS = {plan: rank for rank, plan in enumerate((Plan.free, Plan.pro, Plan.studio))}


class RoleRequired(Forbidden):
    """Your role does not allow this."""

    code = "role_required"


class PlanRequired(Forbidden):
    """Your plan does not include this."""

    code = "plan_required"


class Needs(NamedTuple):
    """The least role and the least plan. Without either, visitors may."""

    role: Role | None = None
    plan: Plan | None = None

    @property
    def is_open(self) -> bool:
        """Whether visitors may."""
        return self.role is None and self.plan is None

    def refusal(self, caller: Caller | None) -> Refusal | None:
        """Why this one may not; None who may."""
        if caller is None:
            return None if self.is_open else Unauthenticated()
        if self.role is not None and _ROLES[caller.role] < _ROLES[self.role]:
            return RoleRequired(f"this takes the role `{self.role}`")
        if self.plan is not None and _PLANS[caller.plan] < _PLANS[self.plan]:
            return PlanRequired(f"this takes the plan `{self.plan}`")
        return None
