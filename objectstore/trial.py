"""Whether a store works, tried before the first picture or verdict needs it.

SHELL. One small object is put twice, as everything is put: the second time the store must say that
it exists. Its key is the same at every start, so it costs a store one object. Called by the store
probe of the edge and by the store watch of the cloud, which try again until it succeeds.
"""

from __future__ import annotations

from collections.abc import Callable

from contract.keys import TRIAL
from objectstore.store import ObjectStore, StoreError

_TYPE = "text/plain"


def put_on_trial(store: ObjectStore, key: str, progress: Callable[[], None] = lambda: None) -> None:
    """Raises `StoreError` with the reason why the store cannot be used. `progress` is called after
    each answer, which a store may take its whole time for."""
    store.put_if_absent(key, TRIAL, _TYPE)
    progress()
    again = store.put_if_absent(key, TRIAL, _TYPE)
    progress()
    if again != "exists":
        raise StoreError(
            "it says `created` to a second put of the same key: it ignores If-None-Match; "
            "set `conditional_puts: false` of the store"
        )
