"""Who may do what in the console: four roles, and the groups of them that endpoints name.

PURE. A role says what somebody may do, the sites of an account say where; an account without
sites may everywhere. Called by `guard` and by whoever shows what is allowed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class PersonRole(StrEnum):
    """In the order in which they are offered."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    INSTALLER = "installer"
    ADMIN = "admin"


READERS = frozenset(PersonRole)
WORKERS = frozenset({PersonRole.OPERATOR, PersonRole.ADMIN})
"""Who answers alarms."""
PROPOSERS = frozenset({PersonRole.INSTALLER, PersonRole.ADMIN})
"""Who proposes what a camera should watch."""
ADMINS = frozenset({PersonRole.ADMIN})

MEANING = {
    PersonRole.VIEWER: "sees alarms, cameras, fleet and quality",
    PersonRole.OPERATOR: "answers alarms as well",
    PersonRole.INSTALLER: "proposes zones and masks, answers no alarm",
    PersonRole.ADMIN: "everything, and gives others their accounts",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who is signed in: the account's number and name, its role, its sites (none: all)."""

    account: int
    name: str
    role: PersonRole
    sites: frozenset[str]

    def may(self, roles: frozenset[PersonRole]) -> bool:
        """Whether the role is one of `roles`."""
        return self.role in roles

    def sees(self, site: str) -> bool:
        """Whether the site is one of the account's."""
        return not self.sites or site in self.sites

    def of_these(self, sites: Iterable[str]) -> tuple[str, ...]:
        """Those of `sites` that the account sees, in their order."""
        return tuple(one for one in sites if self.sees(one))
