"""The files that a camera's configuration names: its password, and who signed its certificate.

SHELL (reads the files). Called by whoever opens a source, by `listeners` and by `check-config`.
"""

from __future__ import annotations

import errno
import ssl

from bridge.config import SourceConfig


def password_of(camera: SourceConfig) -> str | None:
    """The camera's password, read anew at every connect so that a changed file is taken up.

    Raises `OSError`, with the file's name, for one that cannot be read or is no UTF-8.
    """
    if camera.password_file is None:
        return None
    file = camera.password_file
    try:
        return file.read_text(encoding="utf-8-sig").rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise OSError(errno.EILSEQ, "is no UTF-8 text: save it as UTF-8", str(file)) from error


def authorities_of(camera: SourceConfig) -> ssl.SSLContext | None:
    """A context that trusts the camera's `ca_file`, if its certificate is to be checked by one.

    Raises `OSError`, with the file's name, for one that cannot be read or holds no certificate.
    """
    if not camera.verify_tls or camera.ca_file is None:
        return None
    try:
        return ssl.create_default_context(cafile=str(camera.ca_file))
    except ssl.SSLError as error:
        raise OSError(errno.EINVAL, "holds no certificate in PEM", str(camera.ca_file)) from error
    except OSError as error:  # which does not say what file
        raise OSError(error.errno, error.strerror, str(camera.ca_file)) from error


def password_fault(camera: str, error: OSError) -> str:
    """In the words of a validation error, why `password_of` raised."""
    return f"cameras.{camera}.password_file: {error.filename}: {error.strerror}"
