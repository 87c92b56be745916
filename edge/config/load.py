"""From a file and the environment to a valid configuration, or to every problem at once.

The file is YAML; a variable `STILLWATCH__SECTION__KEY` overrides one key (names in any case, levels
split by two underscores). Its value is taken as text; `[...]`, `{...}` and `null` as YAML; an empty
one counts as not given. Used at start, on reload and for a remote update alike.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from edge.config.labels import unknown_labels
from edge.config.merge_patch import merged
from edge.config.parse import MAX_BYTES, Data, parse
from edge.config.schema import EdgeConfig
from edge.config.shape import key_at
from edge.config.validation_errors import validation_errors
from edge.errors import ConfigError, ConfigProblem

PREFIX = "STILLWATCH__"

KeyPath = tuple[str, ...]
ValueOrigin = Literal["default", "file", "environment"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A valid configuration, where each value is from, and its identity.

    `sha256` is over the effective values, so spelling and order in the file do not matter.
    """

    config: EdgeConfig
    origins: Mapping[str, ValueOrigin]
    sha256: str

    @property
    def version(self) -> str:
        """What reports name: the schema's version and the digest's beginning."""
        return f"v{self.config.version}-{self.sha256[:12]}"


def load(path: Path | None, environ: Mapping[str, str], patches: Sequence[str] = ()) -> Loaded:
    """Reads the file, if there is one to read, with `patches` of updates laid over it in turn, and
    the names of the model's classes; raises `ConfigError`."""
    loaded = read(b"" if path is None else read_file(path), environ, patches)
    unknown = unknown_labels(loaded.config)
    if unknown:
        raise ConfigError(unknown)
    return loaded


def read_file(path: Path) -> bytes:
    """What is parsed then, which refuses over `MAX_BYTES`; raises `ConfigError`."""
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        problem = f"cannot be read: {error.strerror}"
        raise ConfigError((ConfigProblem(path=str(path), problem=problem),)) from error


def read(document: bytes, environ: Mapping[str, str], patches: Sequence[str] = ()) -> Loaded:
    """The configuration of a YAML document; raises `ConfigError` with every problem."""
    data, problems = parse(document)
    for patch in patches:
        laid_over, dubious = parse(patch.encode("utf-8", "surrogatepass"))
        data, problems = merged(data, laid_over), problems + dubious
    _drop_empty_sections(data, ())
    file_paths = set(_paths(data))
    overrides, bad_variables = _overrides(environ)
    problems += bad_variables
    for steps, value in overrides.items():
        problems += _put(data, steps, value)
    _drop_empty_sections(data, ())
    _choose_variants(data, ())
    try:
        config = EdgeConfig.model_validate(data)
    except ValidationError as error:
        raise ConfigError(
            problems + _with_variables(validation_errors(error), overrides, file_paths)
        ) from error
    if problems:
        raise ConfigError(problems)
    environment = {".".join(steps) for steps in overrides}
    return Loaded(
        config=config,
        origins=_origins(config, file_paths, environment),
        sha256=digest(config),
    )


def combined(document: bytes, environ: Mapping[str, str]) -> Data:
    """The document's data under the variables, whatever is wrong with either; unchecked."""
    try:
        data = parse(document)[0]
    except ConfigError:
        data = {}
    for steps, value in _overrides(environ)[0].items():
        _put(data, steps, value)
    return data


def digest(config: EdgeConfig) -> str:
    """SHA-256 of the effective values."""
    values = json.dumps(config.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(values.encode()).hexdigest()


def leaves(config: EdgeConfig) -> dict[str, object]:
    """Effective values by dotted path; lists are one value, `null` sections too."""
    return dict(_flat(config.model_dump(mode="json"), ""))


def _flat(value: object, path: str) -> Iterator[tuple[str, object]]:
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from _flat(inner, f"{path}.{name}" if path else str(name))
    else:
        yield path, value


def _paths(data: object) -> Iterator[str]:
    return (path for path, value in _flat(data, "") if value != {})


def _overrides(
    environ: Mapping[str, str],
) -> tuple[dict[KeyPath, object], tuple[ConfigProblem, ...]]:
    values: dict[KeyPath, object] = {}
    problems: tuple[ConfigProblem, ...] = ()
    for name in sorted(environ):
        if name.upper().startswith(PREFIX) and environ[name] != "":
            steps = tuple(name[len(PREFIX) :].lower().split("__"))
            try:
                values[steps] = _value(environ[name])
            except ConfigError as error:
                problem = error.problems[0].problem
                problems += (ConfigProblem(path=name, problem=problem, hint="quote texts"),)
    return values, problems


def _value(text: str) -> object:
    if text == "null":
        return None
    if not text.startswith(("[", "{")):
        return text
    return parse(b"value: " + text.encode())[0]["value"]


def _put(data: Data, steps: KeyPath, value: object) -> tuple[ConfigProblem, ...]:
    here = data
    for step in steps[:-1]:
        inner = here.setdefault(step, {})
        if inner is None:
            inner = here[step] = {}
        if not isinstance(inner, dict):
            return (ConfigProblem(path=_variable(steps), problem=f"{step!r} is no section"),)
        here = inner
    here[steps[-1]] = value
    return ()


def _drop_empty_sections(data: Data, location: KeyPath) -> None:
    """`intake:` with every key commented out is null in YAML; it means the defaults."""
    for name in [name for name in data if isinstance(name, str)]:
        value, key = data[name], key_at((*location, name))
        if value is None and key is not None and key.kind in ("section", "list", "map"):
            if not key.info.is_required() and key.default is not None:
                del data[name]
        elif isinstance(value, dict):
            _drop_empty_sections(value, (*location, name))


def _choose_variants(data: Data, location: KeyPath) -> None:
    """Where a section has variants and no `type` is given, the default's is meant."""
    for name, value in data.items():
        if isinstance(value, dict) and isinstance(name, str):
            key = key_at((*location, name))
            if key is not None and len(key.sections) > 1:
                value.setdefault("type", getattr(key.default, "type", None))
            _choose_variants(value, (*location, name))


def _with_variables(
    problems: tuple[ConfigProblem, ...], overrides: Mapping[KeyPath, object], file: set[str]
) -> tuple[ConfigProblem, ...]:
    """Names the variable where one is to blame: of the key, or within a section that the file does
    not have."""
    variables = {".".join(steps): _variable(steps) for steps in overrides}

    def to_blame(path: str) -> str | None:
        inside = (name for key, name in variables.items() if key.startswith(f"{path}."))
        return variables.get(path) or (None if _covers(file, path) else next(inside, None))

    return tuple(
        ConfigProblem(path=f"{one.path} ({name})", problem=one.problem, hint=one.hint)
        if (name := to_blame(one.path))
        else one
        for one in problems
    )


def _variable(steps: KeyPath) -> str:
    return PREFIX + "__".join(steps).upper()


def _origins(config: EdgeConfig, file: set[str], environment: set[str]) -> dict[str, ValueOrigin]:
    def origin(path: str) -> ValueOrigin:
        if _covers(environment, path):
            return "environment"
        return "file" if _covers(file, path) else "default"

    return {path: origin(path) for path in leaves(config)}


def _covers(given: set[str], path: str) -> bool:
    """Whether `path`, or something that contains it or is contained in it, was given."""
    return any(
        path == one or path.startswith(f"{one}.") or one.startswith(f"{path}.") for one in given
    )
