"""JSON merge patch (RFC 7396) over the data of a configuration.

PURE. Called by `edge.config.load`.
"""

from __future__ import annotations

from collections.abc import Mapping

from edge.config.parse import Data


def merged(target: object, patch: Mapping[str, object]) -> Data:
    """`target` with the patch laid over it, both left as they are.

    A section is merged key by key, `null` removes a key (so that its default holds), anything else
    takes the place of what was there; lists are replaced whole.
    """
    result: Data = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        elif isinstance(value, dict):
            result[name] = merged(result.get(name), value)
        else:
            result[name] = value
    return result
