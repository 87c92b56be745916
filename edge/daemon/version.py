"""Which version of the program this is."""

from importlib.metadata import PackageNotFoundError, version


def program_version() -> str:
    """The installed version; a bare checkout says so."""
    try:
        return version("stillwatch")
    except PackageNotFoundError:
        return "checkout"
