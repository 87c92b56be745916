"""From the configuration to connections: the links, the object store, the cloud's keys.

SHELL, though it opens nothing but files with secrets. The intake is a clean session, frames of a
stream are worth nothing later; single pictures have a session that the broker keeps, and so has the
uplink, where verdicts wait for us.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from urllib.parse import urlencode

from contract.envelope import MAX_ENVELOPE_BYTES
from contract.signature import KeyFlaw, Keyring, read_public
from contract.store_access import SIGNED_HEADERS
from edge.config.schema import BrokerConfig, DirStoreConfig, EdgeConfig, S3StoreConfig
from edge.config.values import KEY_PREFIX
from edge.daemon.identity import Identity
from edge.enrolment.key_files import KeyFiles
from edge.enrolment.store_access import StoreAccess
from edge.errors import ConfigError, ConfigProblem
from objectstore.open import open_store
from objectstore.retention import Retention, StoreLimits, Swept
from objectstore.s3_client import S3Settings
from objectstore.signed_elsewhere import SignedStore
from objectstore.store import ResumableStore
from objectstore.store_dir import DirectoryStore
from service.clock import Clock
from service.events import Event, log
from service.exposure import of_link, of_store
from service.link_settings import LinkSettings, settings_of

_SESSION_S = 24 * 3600
_UNKEPT_SESSION_S = 300
"""Nobody comes back to a session under an id that is of this run only."""

_WINDOW = 20
"""Pictures that the broker may send ahead of our acknowledgement."""

_BASE64_NUMERATOR, _BASE64_DENOMINATOR = 4, 3
_HEADROOM_BYTES = 65_536
_COUNTED_BYTES = 16_000_000
"""Up to here a picture over the limit arrives and is counted as too large; beyond it the broker
keeps it from us, so that no single message can take our memory."""


def intake_settings(config: EdgeConfig, identity: Identity) -> LinkSettings:
    """The link on which cameras and people at the site are heard."""
    settings = _settings(config.intake.broker, config, identity, "intake")
    return replace(settings, max_packet_bytes=_largest_bytes(config))


def site_settings(config: EdgeConfig, identity: Identity) -> LinkSettings:
    """The link on which people at the site are notified. It listens to nobody: behind a flood of
    pictures the broker's acknowledgements would come too late for an alarm."""
    return _settings(config.intake.broker, config, identity, "site")


def snapshot_settings(config: EdgeConfig, identity: Identity) -> LinkSettings:
    """The link to the site's broker for single pictures, which it keeps while we are away."""
    settings = _settings(config.intake.broker, config, identity, "snapshots")
    return replace(
        settings,
        max_packet_bytes=_largest_bytes(config),
        clean=False,
        session_expiry_s=_expiry_s(config.intake.snapshots.keep_s, identity),
        receive_maximum=min(_WINDOW, config.intake.snapshots.queue),
    )


def uplink_settings(config: EdgeConfig, identity: Identity) -> LinkSettings:
    """The link towards the cloud."""
    broker = config.deliver.uplink or config.intake.broker
    settings = _settings(broker, config, identity, "uplink")
    if config.enrolment is not None and settings.tls is not None:
        files = KeyFiles(config.deliver.outbox.path)
        certificate, key = files.certificate, files.key
        tls = replace(settings.tls, cert_file=certificate, key_file=key, awaited=True)
        settings = replace(settings, tls=tls)
    return replace(
        settings,
        clean=False,
        session_expiry_s=_expiry_s(_SESSION_S, identity),
        max_packet_bytes=MAX_ENVELOPE_BYTES + _HEADROOM_BYTES,
    )


def _largest_bytes(config: EdgeConfig) -> int:
    largest = config.intake.limits.max_bytes * _BASE64_NUMERATOR // _BASE64_DENOMINATOR
    return max(largest + _HEADROOM_BYTES, _COUNTED_BYTES)


def _expiry_s(kept_s: int, identity: Identity) -> int:
    return kept_s if identity.kept else min(kept_s, _UNKEPT_SESSION_S)


_ANYBODY = Identity("anybody", kept=True)
"""Where it does not matter who connects."""


def exposed(config: EdgeConfig) -> tuple[str, ...]:
    """What of the way to the cloud others could read or forge, in words."""
    store = config.deliver.store
    evidence = of_store(store.endpoint_url) if isinstance(store, S3StoreConfig) else ()
    return (*of_link(uplink_settings(config, _ANYBODY)), *evidence)


def shares_broker(config: EdgeConfig) -> bool:
    """Whether site and cloud meet at one broker."""
    uplink = config.deliver.uplink
    here = config.intake.broker
    return uplink is None or (uplink.host, uplink.port) == (here.host, here.port)


def open_store_of(
    config: EdgeConfig, clock: Clock, synchronised: Callable[[], bool]
) -> ResumableStore:
    """The configured store; raises `objectstore.store.StoreError` or `ValueError`.

    A directory lets nothing go for its age while the wall clock is not `synchronised`.
    """
    match config.deliver.store:
        case DirStoreConfig() as folder:
            return DirectoryStore(folder.path, _retention(folder, clock, synchronised))
        case S3StoreConfig() as s3 if s3.signed and config.enrolment is not None:
            files = KeyFiles(config.deliver.outbox.path)
            access = StoreAccess(config.enrolment, files, clock)
            settings = S3Settings(
                bucket=s3.bucket,
                region=s3.region,
                timeout_s=s3.timeout_s,
                ca_file=s3.ca_file,
                checksums=s3.checksums,
                conditional_puts=s3.conditional_puts,
            )
            return SignedStore(settings, access.sign, SIGNED_HEADERS)
        case S3StoreConfig() as s3:
            options = {
                "endpoint_url": s3.endpoint_url,
                "region": s3.region,
                "credentials_file": s3.credentials_file,
                "timeout_s": s3.timeout_s,
                "ca_file": s3.ca_file,
                "addressing_style": s3.addressing_style,
                "checksums": s3.checksums,
                "conditional_puts": s3.conditional_puts,
            }
            given = {name: str(value) for name, value in options.items() if value is not None}
            return open_store(f"s3:{s3.bucket}?{urlencode(given)}")


def _retention(folder: DirStoreConfig, clock: Clock, synchronised: Callable[[], bool]) -> Retention:
    def swept(what: Swept) -> None:
        log(Event.STORE_SWEPT, **asdict(what))

    limits = StoreLimits(
        max_bytes=folder.max_bytes,
        min_free_bytes=folder.min_free_bytes,
        evidence_max_age_s=folder.evidence_max_age_s,
        verdicts_max_age_s=folder.verdicts_max_age_s,
    )

    def wall_s() -> float:
        return clock.now().timestamp()

    return Retention(folder.path, limits, wall_s, clock.mono, synchronised, swept)


def open_keyring(config: EdgeConfig) -> Keyring | None:
    """The cloud's keys, None if none is configured; raises `ConfigError`."""
    named = config.deliver.cloud_keys
    keys, problems = [], []
    for position, name in enumerate(named):
        try:
            keys.append(read_public(_key_content(name)))
        except (OSError, KeyFlaw) as error:
            words = (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
            path, problem = f"deliver.cloud_keys[{position}]", f"{name}: {words}"
            problems.append(ConfigProblem(path=path, problem=problem, hint=_KEY_HINT))
    if problems:
        raise ConfigError(tuple(problems))
    return Keyring(keys) if named else None


_KEY_HINT = "the public key's file that `stillwatch-cloud keygen` made, or its text"
_KEY_BYTES = 16_384


def _key_content(name: str) -> bytes:
    if name.startswith(KEY_PREFIX):
        return name.encode()
    with Path(name).open("rb") as file:
        return file.read(_KEY_BYTES)


def _settings(
    broker: BrokerConfig, config: EdgeConfig, identity: Identity, name: str
) -> LinkSettings:
    who = broker.client_id or f"stillwatch-{config.gateway.id}-{identity.id}"
    settings = settings_of(broker, name, f"{who}-{name}")
    return replace(settings, max_packet_bytes=2 * _HEADROOM_BYTES)
