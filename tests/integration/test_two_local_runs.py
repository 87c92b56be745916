"""Two local runs that begin at once have a console each."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from tests.consoles import console_process
from tests.processes import fetch
from tools.demo.local.config import held_port, is_free
from tools.demo.local.web_console import console_port

RUNS = 8


def test_of_runs_that_begin_at_once_each_has_a_port_of_its_own() -> None:
    begin = threading.Barrier(RUNS)

    def port(_: int) -> int:
        begin.wait(30)
        held = stack.enter_context(console_port())
        return int(held.getsockname()[1])

    with ExitStack() as stack, ThreadPoolExecutor(RUNS) as pool:
        ports = list(pool.map(port, range(RUNS)))
        assert len(set(ports)) == RUNS
        assert not any(map(is_free, ports))
        assert all(held_port(one) is None for one in ports)


def test_two_consoles_start_on_ports_that_are_held_for_them(tmp_path: Path) -> None:
    with ExitStack() as stack:
        held = [stack.enter_context(console_port()) for _ in range(2)]
        ports = [int(one.getsockname()[1]) for one in held]
        for port in ports:
            folder = tmp_path / str(port)
            folder.mkdir()
            stack.enter_context(console_process(folder, port))
        assert [fetch(port, "/sign-in")[0] for port in ports] == [200, 200]
