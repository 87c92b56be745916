"""What the console may be told, and what it refuses with a reason."""

import pytest
from pydantic import ValidationError

from cloud.console.settings import ConsoleSettings


def test_by_default_only_this_machine_reaches_it_and_browsers_by_the_same_address() -> None:
    settings = ConsoleSettings()
    assert settings.address == ("127.0.0.1", 8484)
    assert (settings.url, settings.secure) == ("http://127.0.0.1:8484", False)


def test_a_public_address_over_tls_makes_cookies_secure() -> None:
    settings = ConsoleSettings(listen="0.0.0.0:80", public_url="https://alarms.example/")
    assert (settings.url, settings.secure) == ("https://alarms.example", True)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"listen": "0.0.0.0:8484"}, "public_url"),
        ({"listen": "127.0.0.1"}, "HOST:PORT"),
        ({"listen": "127.0.0.1:99999"}, "HOST:PORT"),
        ({"public_url": "https://host/below"}, "http"),
        ({"public_url": "ftp://host"}, "http"),
        ({"certificate": "a.pem"}, "together"),
        ({"session_hours": 0}, "greater"),
        (
            {
                "oidc": {
                    "issuer": "http://id.example",
                    "client_id": "c",
                    "client_secret_file": "f",
                    "roles": {},
                }
            },
            "https",
        ),
    ],
)
def test_what_cannot_be_used_is_refused_with_what_to_do(
    given: dict[str, object], words: str
) -> None:
    with pytest.raises(ValidationError, match=words):
        ConsoleSettings.model_validate(given)
