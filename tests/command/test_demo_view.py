from __future__ import annotations

import io
from collections.abc import Iterator

import pytest
from rich.console import Console

from disaggregated_service.core.decision import Decision, Hold, Scale
from disaggregated_service.core.pair import Pair
from disaggregated_service.core.service import Mode
from disaggregated_service.core.trail import Reason, Stage, TrailStep
from heteroscale.command.demo_frame import Frame
from heteroscale.command.demo_report import clock, line
from heteroscale.command.demo_service import KEY
from heteroscale.command.live_view import LiveView

NAN = float("nan")


def frame(at_s: float, *, moved: bool = False, load: float = 9000.0, ttft_s: float = 0.9) -> Frame:
    pair = Pair(15, 13)
    step = TrailStep(Stage.LOAD, Pair(12, 11), pair, Reason.LOAD_OUT, "decode", (("load_tps", load),) * 6)
    decision = Decision(
        service=KEY, sequence=7, mode=Mode.ACTIVE, verdict=Scale(Reason.LOAD_OUT) if moved else Hold(Reason.LOAD_OUT),
        in_force=Pair(12, 11), targets=pair, granted=pair, published=pair, ready=Pair(12, 11), discovered=pair, trail=(step,),
    )  # fmt: skip
    return Frame(
        at_s=at_s, decode_tps=load, prefill_tps=10 * load, wanted=pair, ready=Pair(12, 11), ttft_s_p90=ttft_s,
        tbt_s_p90=0.018, gpu_hours=123.4, decision=decision, moved=moved,
    )  # fmt: skip


def drawn(frames: Iterator[Frame], *, width: int, height: int) -> str:
    console = Console(file=io.StringIO(), width=width, height=height, force_terminal=True, color_system=None)
    with LiveView(console, until_s=28_800.0) as view:
        for each in frames:
            view.show(each)
        picture = view.picture()
    out = Console(file=io.StringIO(), width=width, height=height, color_system=None)
    out.print(picture)
    assert isinstance(out.file, io.StringIO)
    return out.file.getvalue()


@pytest.mark.parametrize(("width", "height"), [(80, 24), (100, 30), (200, 60)])
def test_the_view_fits_its_terminal(width: int, height: int):
    text = drawn((frame(300.0 * k + 270, moved=k % 10 == 0) for k in range(96)), width=width, height=height)
    rows = text.splitlines()
    assert len(rows) <= height
    assert max(len(row) for row in rows) <= width
    for shown in (
        "13:59:30",
        "written",
        "TTFT p90",
        "0.9 / 2.5 s",
        "18.0 / 25 ms",
        "prefill",
        "decode",
        "123 GPU-hours",
        "load_out",
    ):
        assert shown in text


def test_the_first_frame_without_any_reading_can_be_drawn():
    text = drawn(iter([frame(0.0, load=NAN, ttft_s=NAN)]), width=80, height=24)
    assert "nan" not in text
    assert "– tok/s" in text


def test_a_line_for_a_pipe_says_what_is_not_known():
    assert "nan" not in line(frame(0.0, load=NAN, ttft_s=NAN)).lower()


@pytest.mark.parametrize(("at_s", "shown"), [(0.0, "06:00:00"), (12_390.0, "09:26:30"), (28_800.0, "14:00:00")])
def test_the_clock_is_the_traces_own(at_s: float, shown: str):
    assert clock(at_s) == shown
