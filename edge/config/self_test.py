"""The `self_test` section: when a marked suspicion is sent the whole way of an alarm.

Read through `edge.config.schema`.
"""

from __future__ import annotations

from pydantic import Field

from edge.config.values import Section


class SelfTestConfig(Section):
    """Whether an alarm would reach a person is known only by sending one."""

    every_s: float | None = Field(
        None,
        ge=600,
        le=2_592_000,
        description="Run one this often, e.g. 86400 for daily, each a tenth earlier or later so "
        "that "
        "a fleet does not fire at once, the first some minutes after the start. Absent: only when "
        "asked for.",
    )
    timeout_s: float = Field(
        60.0, ge=1, le=600, description="Published everywhere by then, or the self-test has failed."
    )
    on_request: bool = Field(
        True,
        description="Whoever may publish on `<root>/<gateway>/request/self-test` may start one.",
    )
