"""What every RPC passes through: one interceptor counts, the one inside it turns surprises into statuses.

A caller gets a status and an incident number, never a traceback. They must never know what a call is about, and stay
cheap: each handler is wrapped once and remembered, not once a call.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import Any, Protocol, TypeAlias

import grpc

log = logging.getLogger(__name__)

Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"  # generic for type checkers only
Behaviour = Callable[[Any, Any], Awaitable[Any]]
Continuation: TypeAlias = Callable[[Any], "Awaitable[Handler | None]"]

_CODES = {code.value[0]: code for code in grpc.StatusCode}


class RpcObserver(Protocol):
    """Who is told of each finished call."""

    def rpc_finished(self, method: str, code: str, duration_s: float) -> None: ...


class CountingInterceptor(grpc.aio.ServerInterceptor):
    """Reports method, status code and duration of each call, whatever its end."""

    def __init__(self, observer: RpcObserver, now_s: Callable[[], float]) -> None:
        self._observer = observer
        self._now_s = now_s
        self._wrapped: dict[str, Handler] = {}

    async def intercept_service(self, continuation: Continuation, handler_call_details: Any) -> Any:
        method = handler_call_details.method
        known = self._wrapped.get(method)
        if known is not None:
            return known
        handler = await continuation(handler_call_details)
        if handler is None:  # callers choose these names, so they are counted under one
            self._observer.rpc_finished("unknown", grpc.StatusCode.UNIMPLEMENTED.name, 0.0)
            return None
        self._wrapped[method] = _rewrapped(handler, self._counted(method, _behaviour(handler)))
        return self._wrapped[method]

    def _counted(self, method: str, inner: Behaviour) -> Behaviour:
        observer, now_s, name = self._observer, self._now_s, method.rpartition("/")[2]

        async def counted(request: Any, context: Any) -> Any:
            started_s = now_s()
            code = grpc.StatusCode.CANCELLED
            try:
                answer = await inner(request, context)
                code = grpc.StatusCode.OK
            except Exception:
                code = _code(context)
                raise
            finally:
                observer.rpc_finished(name, code.name, now_s() - started_s)
            return answer

        return counted


class ErrorInterceptor(grpc.aio.ServerInterceptor):
    """Parses the request and runs the handler: bad bytes are the caller's fault, any other exception is ours."""

    def __init__(self, new_incident: Callable[[], str]) -> None:
        self._new_incident = new_incident

    async def intercept_service(self, continuation: Continuation, handler_call_details: Any) -> Any:
        handler = await continuation(handler_call_details)
        if handler is None:
            return None
        method = handler_call_details.method
        if handler.request_streaming:
            return _rewrapped(handler, self._guarded(method, _behaviour(handler)))
        parse = handler.request_deserializer or bytes
        guarded = self._guarded(method, _parsing(parse, _behaviour(handler)))
        return _rewrapped(handler, guarded, parses_itself=True)

    def _guarded(self, method: str, inner: Behaviour) -> Behaviour:
        async def guarded(request: Any, context: Any) -> Any:
            try:
                return await inner(request, context)
            except grpc.aio.AbortError:  # a status that the handler chose
                raise
            except Exception:
                incident = self._new_incident()
                log.exception("incident %s in %s", incident, method)
                words = f"internal error, incident {incident}: the scaler's log has the details"
                return await context.abort(grpc.StatusCode.INTERNAL, words)

        return guarded


def _parsing(parse: Callable[[bytes], Any], inner: Behaviour) -> Behaviour:
    async def parsed(raw: bytes, context: Any) -> Any:
        try:
            request = parse(raw)
        except Exception:  # noqa: BLE001 - whatever the parser says of a caller's bytes, they are unreadable
            return await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "the request is not a message of this method")
        return await inner(request, context)

    return parsed


def _behaviour(handler: Handler) -> Behaviour:
    """The handler's function as a coroutine function that writes what it would have yielded."""
    function: Any = (
        (handler.stream_stream if handler.request_streaming else handler.unary_stream)
        if handler.response_streaming
        else (handler.stream_unary if handler.request_streaming else handler.unary_unary)
    )
    if not inspect.isasyncgenfunction(function):
        return function  # type: ignore[no-any-return]

    async def written(request: Any, context: Any) -> None:
        async with aclosing(function(request, context)) as answers:  # closed here and now, also when cancelled
            async for answer in answers:
                await context.write(answer)

    return written


def _rewrapped(handler: Handler, behaviour: Behaviour, *, parses_itself: bool = False) -> Handler:
    kinds: dict[tuple[bool, bool], Any] = {
        (False, False): grpc.unary_unary_rpc_method_handler,
        (False, True): grpc.unary_stream_rpc_method_handler,
        (True, False): grpc.stream_unary_rpc_method_handler,
        (True, True): grpc.stream_stream_rpc_method_handler,
    }
    make = kinds[bool(handler.request_streaming), bool(handler.response_streaming)]
    parse = None if parses_itself else handler.request_deserializer
    wrapped: Handler = make(behaviour, parse, handler.response_serializer)
    return wrapped


def _code(context: Any) -> grpc.StatusCode:
    """The status that a handler which raised has set; gRPC keeps it as a number."""
    code = context.code()
    return code if isinstance(code, grpc.StatusCode) else _CODES.get(code or -1, grpc.StatusCode.UNKNOWN)
