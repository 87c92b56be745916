"""A configuration's YAML as plain data, with what is wrong about it.

PURE. Input is at most `MAX_BYTES`; what is safe about the reading stands in `service.yaml_safely`.
Everything wrong is a `ConfigProblem`.
"""

import yaml

from edge.errors import ConfigError, ConfigProblem
from service.yaml_safely import MAX_BYTES, MISFITS, TooManyValues, construct

__all__ = ["MAX_BYTES", "Data", "parse"]

Data = dict[str, object]


def parse(document: bytes) -> tuple[Data, tuple[ConfigProblem, ...]]:
    """The data and what is dubious about it; raises `ConfigError` where there is no data at all."""
    if len(document) > MAX_BYTES:
        raise _error(f"has {len(document)} bytes", f"at most {MAX_BYTES}")
    try:
        found = construct(document.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise _error(f"is no UTF-8 text: {error}", "save it as UTF-8") from error
    except yaml.MarkedYAMLError as error:
        raise _error(_words(error), "check indentation, colons and quotes") from error
    except TooManyValues as error:
        raise _error(str(error), "write them out") from error
    except RecursionError as error:
        raise _error("is nested too deeply", "") from error
    except (yaml.YAMLError, *MISFITS) as error:
        raise _error(f"is no YAML: {error}", "") from error
    if found is None:
        return {}, ()
    if not isinstance(found.data, dict):
        raise _error(f"is a {type(found.data).__name__}", "sections such as `intake:` are expected")
    problems = (
        ConfigProblem(path=f"line {one.line}", problem=f"key {one.key!r} repeats", hint="keep one")
        for one in found.repeated
    )
    return found.data, tuple(problems)


def _words(error: yaml.MarkedYAMLError) -> str:
    mark = error.problem_mark
    where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
    return f"is no YAML: {where}{error.problem or error.context}"


def _error(problem: str, hint: str) -> ConfigError:
    return ConfigError((ConfigProblem(path="document", problem=problem, hint=hint),))
