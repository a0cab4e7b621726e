"""The replicas' metrics over real HTTP: one server on loopback, one path a replica.

A replica that is still loading its model answers 503, as one behind a readiness probe does; one that drains is
no longer listed, but answers; one that is gone is not found. It shows the world as it stands and never moves
it.
"""

from __future__ import annotations

from aiohttp import web

from disaggregated_service.core.pair import Role
from disaggregated_service.core.signals_spec import Endpoints
from heteroscale.simulator import exposition
from heteroscale.simulator.world.decode_replica import DecodeReplica
from heteroscale.simulator.world.pool import Member, State
from heteroscale.simulator.world.prefill_replica import PrefillReplica
from heteroscale.simulator.world.world import World

_CONTENT_TYPE = {"Content-Type": exposition.CONTENT_TYPE}


class ReplicaServer:
    """`await start()` before asking for endpoints, `await stop()` at the end."""

    def __init__(self, world: World) -> None:
        self._world = world
        application = web.Application()
        application.router.add_get("/{role}/{number}/metrics", self._metrics)
        self._runner = web.AppRunner(application, access_log=None)
        self._address = ""

    async def start(self) -> None:
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self._address = f"http://{host}:{port}"

    async def stop(self) -> None:
        await self._runner.cleanup()

    def endpoints(self) -> Endpoints:
        """What discovery shows now: replicas that start or serve, not those on their way out."""
        return Endpoints(
            prefill=self._listed(Role.PREFILL, self._world.prefill.members),
            decode=self._listed(Role.DECODE, self._world.decode.members),
        )

    def _listed(
        self, role: Role, members: list[Member[PrefillReplica]] | list[Member[DecodeReplica]]
    ) -> tuple[str, ...]:
        return tuple(
            f"{self._address}/{role}/{member.number}/metrics"
            for member in members
            if member.state is not State.DRAINING
        )

    async def _metrics(self, request: web.Request) -> web.Response:
        role, number = request.match_info["role"], request.match_info["number"]
        for reader in self._world.prefill.members if role == Role.PREFILL else ():
            if str(reader.number) == number:
                return _answer(reader.state, exposition.prefill_text(reader.engine, self._world.now_s))
        for writer in self._world.decode.members if role == Role.DECODE else ():
            if str(writer.number) == number:
                return _answer(writer.state, exposition.decode_text(writer.engine))
        return web.Response(status=404, text="no such replica\n")


def _answer(state: State, text: str) -> web.Response:
    if state is State.STARTING:
        return web.Response(status=503, text="the model is loading\n")
    return web.Response(body=text.encode(), headers=_CONTENT_TYPE)
