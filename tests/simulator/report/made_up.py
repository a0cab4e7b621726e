"""A small real study, and its page in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, Page, sync_playwright

from heteroscale.simulator.arrivals import LoadShape
from heteroscale.simulator.engines import LLAMA_70B_H100_TP4 as ENGINE
from heteroscale.simulator.executor import InThisProcess
from heteroscale.simulator.policy.registry import parse_choice
from heteroscale.simulator.study import Study, StudySpec, run_study
from heteroscale.simulator.world.start_up import StartUp
from tests import capability
from tests.simulator.cells import chat, rates

POLICIES = ("heteroscale-measured", "static-peak", "oracle:headroom=1")
HOW_TO_GET_IT = "Debian and Ubuntu: apt-get install chromium"


def study(*, trace_name: str = "made up") -> Study:
    """Half an hour with a step of the load, two seeds."""
    spec = StudySpec(
        service=chat(),
        trace=rates([20_000.0, 20_000.0, 70_000.0, 70_000.0, 20_000.0, 20_000.0]),
        trace_name=trace_name,
        shape=LoadShape(scale=1.0),
        prefill=ENGINE,
        decode=ENGINE,
        engine_name=ENGINE.name,
        policies=tuple(parse_choice(policy) for policy in POLICIES),
        seeds=2,
        until_s=1800.0,
        start_up=StartUp(),
    )
    return run_study(spec, InThisProcess())


@dataclass(slots=True)
class Opened:
    """A page that has drawn its charts, and all that the browser complained about."""

    page: Page
    complaints: list[str] = field(default_factory=list)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Headless, as the system has it."""
    program = capability.needs_program("chromium", HOW_TO_GET_IT)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def opened(browser: Browser, file: Path, *, width: int, dark: bool = False) -> Iterator[Opened]:
    """The file, without a network."""
    scheme: Literal["dark", "light"] = "dark" if dark else "light"
    context = browser.new_context(viewport={"width": width, "height": 900}, offline=True, color_scheme=scheme)
    it = Opened(context.new_page())
    it.page.on("console", lambda message: it.complaints.append(f"{message.type}: {message.text}"))
    it.page.on("pageerror", lambda error: it.complaints.append(str(error)))
    it.page.on("request", lambda request: it.complaints.extend(_elsewhere(request.url)))
    try:
        it.page.goto(file.as_uri())
        it.page.wait_for_selector("html[data-drawn=yes]")
        yield it
    finally:
        context.close()


def _elsewhere(url: str) -> list[str]:
    return [] if url.startswith(("file:", "data:", "blob:")) else [f"asked for {url}"]
