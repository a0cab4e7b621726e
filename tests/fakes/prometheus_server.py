"""A real Prometheus on loopback, holding recorded series or scraping live. Stopped by its process id."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests import capability
from tests.fakes.recording import Recording

HOW_TO_GET_IT = "Debian and Ubuntu: apt-get install prometheus"
STARTS_WITHIN_S = 30.0


def load(folder: Path, recordings: Iterable[Recording], start_unix_s: float) -> None:
    """Writes the recordings as blocks into a storage folder."""
    promtool = capability.needs_program("promtool", HOW_TO_GET_IT)
    text = folder.with_suffix(".om")
    lines = [line for recording in recordings for line in recording.openmetrics(start_unix_s)]
    text.write_text("\n".join([*lines, "# EOF", ""]), encoding="utf-8")
    subprocess.run(
        [promtool, "tsdb", "create-blocks-from", "openmetrics", text, folder], check=True, capture_output=True
    )


@contextmanager
def running(folder: Path, configuration: str = "", port: int = 0) -> Iterator[str]:
    """The URL of a server over a storage folder."""
    program = capability.needs_program("prometheus", HOW_TO_GET_IT)
    folder.mkdir(exist_ok=True)
    config = folder.with_suffix(".yml")
    config.write_text(configuration, encoding="utf-8")
    port = port or free_port()
    log = folder.with_suffix(".log")
    with log.open("wb") as output:
        process = subprocess.Popen(
            [
                program,
                f"--config.file={config}",
                f"--storage.tsdb.path={folder}",
                f"--web.listen-address=127.0.0.1:{port}",
                "--storage.tsdb.retention.time=30d",
            ],
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        url = f"http://127.0.0.1:{port}"
        _await_ready(url, process, log)
        yield url
    finally:
        process.kill()
        process.wait(timeout=10)
        shutil.rmtree(folder, ignore_errors=True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _await_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    ends_at_s = time.monotonic() + STARTS_WITHIN_S
    while True:
        try:
            with urllib.request.urlopen(f"{url}/-/ready", timeout=2):  # noqa: S310 - our own loopback address
                return
        except (urllib.error.URLError, OSError):
            assert process.poll() is None, log.read_text(encoding="utf-8")
            assert time.monotonic() < ends_at_s, f"not ready within {STARTS_WITHIN_S} s"
            time.sleep(0.05)
