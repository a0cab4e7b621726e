import pytest

from disaggregated_service.edge.yaml_text import Document, read_text


def only(text: str) -> Document:
    read = read_text(text, "a.yaml")
    assert read.faults == ()
    (document,) = read.documents
    return document


def test_every_key_and_item_has_its_line() -> None:
    document = only("a: 1\nb:\n  c:\n  - x\n  - {d: 2}\n")
    assert [document.line_of(path) for path in ("a", "b", "b.c", "b.c[0]", "b.c[1].d")] == [1, 2, 3, 4, 5]


def test_what_is_not_there_has_the_line_of_its_nearest_parent() -> None:
    document = only("a: 1\nb:\n  c: [5]\n")
    assert document.line_of("b.missing.deeper[3].e") == 2
    assert document.line_of('b.c[0]["x/y"]') == 3
    assert document.line_of("nothing") == 1


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("19:00", "19:00"),
        ("1:6", "1:6"),
        ("2026-11-21T18:00:00Z", "2026-11-21T18:00:00Z"),
        ("12", 12),
        ("1.5", 1.5),
        ("true", True),
        ("~", None),
        ('"12"', "12"),
        ("40ms", "40ms"),
    ],
)
def test_a_value_is_read_as_the_api_server_reads_it(written: str, value: object) -> None:
    assert only(f"a: {written}").data == {"a": value}


@pytest.mark.parametrize(
    ("text", "line", "wrong"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, "is written twice (first on line 1)"),
        ("a: 1\nb: !thing 5\n", 2, "has the tag !thing"),
        ("a: !!python/object/apply:os.system [x]\n", 1, "has the tag tag:yaml.org,2002:python/object/apply:os.system"),
        ("a: !!int x\n", 1, "is no int"),
        ("? [a]\n: 1\n", 1, "has a key that is no text"),
        ("a: &a [x]\n<<: *a\n", 1, "merges (<<) what is no mapping"),
        ("a: " + "1" * 5000 + "\n", 1, "is no int"),
    ],
)
def test_what_yaml_allows_but_nobody_means_is_a_fault_with_its_line(text: str, line: int, wrong: str) -> None:
    (document,) = read_text(text, "a.yaml").documents
    assert [(fault.line, fault.wrong) for fault in document.faults][-1] == (line, wrong)
    assert document.faults[0].source == "a.yaml"


def test_a_syntax_error_keeps_the_documents_before_it() -> None:
    read = read_text("a: 1\n---\nb: [1\n---\nc: 3\n", "a.yaml")
    assert [document.data for document in read.documents] == [{"a": 1}]
    assert [fault.line for fault in read.faults] == [4]
    assert "is no YAML" in str(read.faults[0])


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        pytest.param("a: " + "x" * (1 << 20), "is above 1 MiB", id="large"),
        pytest.param("[" * 33 + "]" * 33, "nests deeper than 32 levels", id="deep"),
        pytest.param("[" * 100_000, "nest", id="very deep"),
        pytest.param("- " * 40 + "a", "nests deeper than 32 levels", id="deep block"),
        pytest.param("a: \x00", "is no YAML", id="control character"),
        pytest.param("a: *nowhere", "is no YAML", id="unknown alias"),
        pytest.param("\t- a", "is no YAML", id="tab"),
    ],
)
def test_a_text_that_cannot_be_used_is_one_fault(text: str, wrong: str) -> None:
    read = read_text(text, "a.yaml")
    assert read.documents == ()
    assert len(read.faults) == 1
    assert wrong in read.faults[0].wrong


def test_aliases_to_aliases_are_stopped() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [" + ", ".join([f"*a{n - 1}"] * 10) + "]" for n in range(1, 10)]
    (document,) = read_text("\n".join(lines), "a.yaml").documents
    assert document.data is None
    assert "expands to more than" in document.faults[-1].wrong


def test_an_alias_inside_its_own_anchor_is_stopped() -> None:
    (document,) = read_text("a: &a [*a]", "a.yaml").documents
    assert "expands to more than" in document.faults[-1].wrong


def test_a_merge_adds_what_is_not_there() -> None:
    assert only("base: &b {x: 1, y: 2}\nc: {<<: *b, y: 3}\n").data == {"base": {"x": 1, "y": 2}, "c": {"y": 3, "x": 1}}


@pytest.mark.parametrize("value", ['!!int ""', '!!int "-"', '!!float ""', "1" + "0" * 400])
def test_a_number_that_is_none_is_a_fault_and_no_exception(value: str) -> None:
    (fault,) = only(f"x: {value}").faults
    assert fault.path == "x"
