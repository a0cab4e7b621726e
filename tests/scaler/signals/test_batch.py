from scaler.core.observation import Absent, Why
from scaler.edge.prometheus_batch import PART_LABEL, PARTS_MAX, Batcher, Part
from scaler.edge.prometheus_query import Answer, Row


class Server:
    """Answers a union with one row a part, and refuses any query with `bad` in it."""

    def __init__(self, why: Why = Why.SOURCE_REFUSED) -> None:
        self.asked: list[str] = []
        self._trouble = Absent(why)

    async def __call__(self, promql: str) -> Answer:
        self.asked.append(promql)
        if "bad" in promql:
            return self._trouble
        if not promql.startswith("label_replace"):
            return (Row({"alone": promql}, 1.0),)
        return tuple(Row({PART_LABEL: str(index)}, float(index)) for index in range(promql.count(PART_LABEL)))


def parts(*names, group="g", alone=False):
    return [Part(name, name, group, alone) for name in names]


async def test_parts_of_a_group_are_one_query_and_come_apart_again():
    server = Server()
    answers = await Batcher[str]().ask(parts("a", "b"), server)
    assert answers == {"a": (Row({}, 0.0),), "b": (Row({}, 1.0),)}
    assert server.asked == [
        'label_replace(a, "heteroscale_part", "0", "", "") or label_replace(b, "heteroscale_part", "1", "", "")'
    ]


async def test_a_query_is_bounded_in_parts_and_length():
    server = Server()
    await Batcher().ask(parts(*(f"n{n}" for n in range(2 * PARTS_MAX + 1))), server)
    assert len(server.asked) == 3
    long = Server()
    await Batcher().ask(parts(*(f"{n}" * 10_000 for n in range(6))), long)
    assert max(map(len, long.asked)) < 30_000


async def test_a_part_that_spoils_a_union_is_asked_alone_from_then_on():
    server, batcher = Server(), Batcher[str]()
    for _ in range(2):
        answers = await batcher.ask(parts("a", "bad", "c"), server)
        assert answers["bad"] == Absent(Why.SOURCE_REFUSED)
        assert not isinstance(answers["a"], Absent)
        assert not isinstance(answers["c"], Absent)
    assert len(server.asked) == (1 + 3) + 2


async def test_a_server_that_is_down_is_not_asked_again_part_by_part():
    server = Server(Why.SOURCE_DOWN)
    answers = await Batcher[str]().ask(parts("a", "bad"), server)
    assert set(answers.values()) == {Absent(Why.SOURCE_DOWN)}
    assert len(server.asked) == 1


async def test_parts_that_are_only_together_too_large_are_asked_alone_from_then_on():
    class Narrow(Server):
        async def __call__(self, promql: str) -> Answer:
            self.asked.append(promql)
            return Absent(Why.ANSWER_TOO_LARGE) if PART_LABEL in promql else ()

    server, batcher = Narrow(), Batcher[str]()
    for _ in range(2):
        assert await batcher.ask(parts("a", "b"), server) == {"a": (), "b": ()}
    assert len(server.asked) == 3 + 2


async def test_a_users_own_query_is_never_joined():
    server = Server()
    await Batcher().ask(parts("a", "b", alone=True), server)
    assert server.asked == ["a", "b"]
