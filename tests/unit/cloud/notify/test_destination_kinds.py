"""Each kind of destination that may be set is known by name and built: none is forgotten."""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from cloud.notify.destinations import build
from cloud.notify.settings import NotifySettings
from tests.fakes import ManualClock

SENDER = {"sender": "gate@example.org", "smtp": {"host": "mail.example.org"}}
ENVIRON = {"SECRET": "a key of more than twenty-four characters"}
NO_DESTINATIONS = {"sites"}


def one_of_each(folder: Path) -> dict[str, dict[str, object]]:
    """Its settings, by kind."""
    return {
        "webhooks": {"url": "https://hook.example.org/", "secret": {"env": "SECRET"}},
        "emails": {**SENDER, "to": ["ann@example.org"]},
        "intakes": {**SENDER, "addresses": {"yard": "yard@example.org"}},
        "alarm_centres": {
            "host": "centre.example.org",
            "port": 9000,
            "accounts": {"yard": {"account": "1234"}},
        },
        "ntfy": {"url": "https://ntfy.example.org/topic"},
        "web_push": {"vapid_key": str(vapid_key(folder)), "contact": "mailto:ann@example.org"},
        "outputs": {"topic": "deter/{site}"},
    }


def vapid_key(folder: Path) -> Path:
    file = folder / "vapid.pem"
    file.write_bytes(
        ec.generate_private_key(ec.SECP256R1()).private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return file


def test_every_kind_that_may_be_set_is_known_by_name_and_built(tmp_path: Path) -> None:
    kinds = one_of_each(tmp_path)
    tables = {
        name for name, field in NotifySettings.model_fields.items() if field.default_factory is dict
    }
    assert tables - NO_DESTINATIONS == set(kinds)
    names = {kind.replace("_", "-"): kind for kind in kinds}
    settings = NotifySettings.model_validate(
        {kind: {name: kinds[kind]} for name, kind in names.items()}
    )
    assert {name for name, _ in settings.destinations()} == set(names)
    assert set(build(settings, ENVIRON, ManualClock())) == set(names)
