"""One plain decision that tests of its renderings start from."""

from __future__ import annotations

from disaggregated_service.core.decision import Decision, Scale
from disaggregated_service.core.pair import Pair, ServiceKey
from disaggregated_service.core.service import Mode
from disaggregated_service.core.trail import Reason, Stage, TrailStep

BASE = Decision(
    service=ServiceKey("llm", "chat-70b"),
    sequence=812,
    mode=Mode.ACTIVE,
    verdict=Scale(Reason.LOAD_OUT),
    in_force=Pair(4, 12),
    targets=Pair(5, 15),
    granted=Pair(5, 15),
    published=Pair(5, 15),
    ready=Pair(4, 12),
    discovered=Pair(4, 12),
    trail=(TrailStep(Stage.LOAD, Pair(4, 12), Pair(5, 15), Reason.LOAD_OUT, "decode", (("need", 14.2),)),),
)
