"""Sites: which gateways stand at one, what operators must do there, who may see it.

PURE. A gateway that no site names is a site of its own, by its own name. Called by whatever shows
or changes an alarm.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from cloud.console.roles import Person
from cloud.console.settings import ConsoleSettings, SiteSettings
from contract.ids import GatewayId

_NOTHING_MORE = SiteSettings()


class Sites:
    """As the settings have them."""

    def __init__(self, settings: ConsoleSettings) -> None:
        self._sites: Mapping[str, SiteSettings] = settings.sites
        self._escalate_s = settings.escalate_s
        self._by_gateway = {
            gateway: name for name, site in settings.sites.items() for gateway in site.gateways
        }

    def site_of(self, gateway: str) -> str:
        """Where a gateway stands."""
        return self._by_gateway.get(gateway, gateway)

    def gateways_of(self, site: str) -> frozenset[GatewayId]:
        """Those that stand there."""
        known = self._sites.get(site, _NOTHING_MORE).gateways or (site,)
        return frozenset(GatewayId(one) for one in known if self.site_of(one) == site)

    def gateways_for(self, person: Person, site: str | None = None) -> frozenset[GatewayId] | None:
        """Whose alarms a person sees, at one site or at all; None: everybody's."""
        if site is not None:
            return self.gateways_of(site) if person.sees(site) else frozenset()
        if not person.sites:
            return None
        return frozenset(one for site in person.sites for one in self.gateways_of(site))

    def sees(self, person: Person, gateway: str) -> bool:
        """Whether a person sees what this gateway raised."""
        return person.sees(self.site_of(gateway))

    def steps_at(self, gateway: str) -> tuple[str, ...]:
        """What must be done before an alarm of this gateway is closed."""
        return self._sites.get(self.site_of(gateway), _NOTHING_MORE).steps

    def escalate_s_at(self, gateway: str) -> float:
        """Seconds after which an alarm of this gateway that nobody claimed escalates."""
        own = self._sites.get(self.site_of(gateway), _NOTHING_MORE).escalate_s
        return self._escalate_s if own is None else own

    @property
    def soonest_escalation_s(self) -> float:
        """Of all sites."""
        own = [one.escalate_s for one in self._sites.values() if one.escalate_s is not None]
        return min([self._escalate_s, *own])

    def named(self, gateways: Iterable[str], person: Person) -> tuple[str, ...]:
        """Sites to choose from: those of the settings and of the gateways that are known."""
        names = {*self._sites, *map(self.site_of, gateways)}
        return person.of_these(sorted(names))
