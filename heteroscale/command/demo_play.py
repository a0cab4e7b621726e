"""The demo's edges wired together: world, HTTP, scaler, gRPC. How it is shown is somebody else's.

Everything runs on one clock, the world's, so nothing here may ask what time it is.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AsyncExitStack

import grpc.aio

from disaggregated_service.core.pair import Role
from heteroscale.command.demo_frame import Outcome
from heteroscale.command.demo_loop import MIDNIGHT_UNIX_S, DemoLoop, Watch
from heteroscale.command.demo_service import ENGINE, FROM_HOUR, KEY, SLO, START, TICK_S, demo_service, load_shape
from heteroscale.simulator.arrivals import cut_into_requests
from heteroscale.simulator.keda_client import KedaClient
from heteroscale.simulator.replica_server import ReplicaServer
from heteroscale.simulator.static_fleet import static_peak
from heteroscale.simulator.trace import shipped_trace
from heteroscale.simulator.world.world import StartUp, World
from heteroscale.ticker.ticker import Ticker
from scaler.edge.board import Board
from scaler.edge.keda_server import KedaServer, KedaServerSettings
from scaler.edge.scrape_options import ScrapeOptions
from scaler.edge.scrape_source import ScrapeSource

DIRECT = (("grpc.enable_http_proxy", 0),)  # a proxy in the environment would be asked for loopback otherwise


async def play(*, seed: int, hours: float, watch: Watch) -> Outcome:
    """The whole run; `watch` sees every frame. Sockets are opened on loopback and closed at the end."""
    from_s, until_s = FROM_HOUR * 3600.0, FROM_HOUR * 3600.0 + hours * 3600
    service, shape, trace = demo_service(), load_shape(seed), shipped_trace()
    requests = cut_into_requests(trace, shape, from_s=from_s, until_s=until_s)
    world = World(requests=requests, prefill=ENGINE, decode=ENGINE, replicas=START, start_up=StartUp(seed=seed))
    async with AsyncExitStack() as stack:
        loop = await _wired(stack, world, begins_unix_s=MIDNIGHT_UNIX_S + from_s)
        frames = await loop.run(hours * 3600, watch)
    gpu_hours = world.gpu_hours()
    world.finish()
    load = service.spec.load
    assert load.prefill is not None and load.decode is not None  # noqa: S101, PT018 - the demo's own service
    static = static_peak(
        trace,
        scale=shape.scale,
        from_s=from_s,
        until_s=until_s,
        prefill_target_tps=load.prefill.target,
        decode_target_tps=load.decode.target,
    )
    band = service.spec.ratio.band
    published = [frame.decision.published or frame.decision.granted for frame in frames]
    return Outcome(
        seed=seed,
        hours=hours,
        requests=len(requests),
        slo_attainment_frac=world.results.within_slo_frac(SLO),
        gpu_hours=gpu_hours,
        gpu_hours_static_peak=service.spec.roles.gpus(static.prefill, static.decode) * hours,
        static=static,
        actions=sum(frame.moved for frame in frames),
        ratio_out_of_band_frac=_share([not band.contains(pair) for pair in published]),
        ready_out_of_band_frac=_share([not band.contains(frame.ready) for frame in frames]),
        calls=loop.calls.asked,
        calls_failed=loop.calls.failed,
        frames=frames,
    )


async def _wired(stack: AsyncExitStack, world: World, *, begins_unix_s: float) -> DemoLoop:
    """Everything between the world and the replicas' targets, on one clock: the world's."""

    def now_s() -> float:
        return world.now_s

    replicas = ReplicaServer(world)
    await replicas.start()
    stack.push_async_callback(replicas.stop)
    board = Board(interval_s=TICK_S, now_s=now_s)
    source = ScrapeSource(ScrapeOptions(interval_s=TICK_S))
    stack.push_async_callback(source.close)
    ticker = Ticker(source=source, board=board, interval_s=TICK_S, current={KEY: START})
    server = KedaServer(board, KedaServerSettings(listen="127.0.0.1:0"), Unobserved())
    address = await server.start()
    stack.push_async_callback(server.drain)
    channel = await stack.enter_async_context(grpc.aio.insecure_channel(address, options=DIRECT))
    return DemoLoop(
        world=world,
        replicas=replicas,
        source=source,
        ticker=ticker,
        board=board,
        clients={role: KedaClient(channel, address, KEY, role) for role in Role},
        service=demo_service(),
        begins_unix_s=begins_unix_s,
    )


class Unobserved:
    """Nobody scrapes the demo's own scaler."""

    def rpc_finished(self, method: str, code: str, duration_s: float) -> None:
        del method, code, duration_s

    def watch_streams(self, open_now: Callable[[], int]) -> None:
        del open_now


def _share(hits: list[bool]) -> float:
    return sum(hits) / len(hits) if hits else 0.0
