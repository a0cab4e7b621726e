import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ("disaggregated_service", "scaler", "prescheduler", "placement_webhook", "heteroscale")
NOT_OURS = {".git", ".venv", "build", "dist", "node_modules"}
LINES_MAX = 300

ADR_NUMBER = re.compile(r"\bADR[ -](\d{4})\b")
CITED_PATH = re.compile(
    r"(?<![\w./-])((?:disaggregated_service|scaler|prescheduler|placement_webhook|heteroscale"
    r"|benchmarks|docs|examples|manifests|proto|tests)/(?:[\w.-]+/)*[\w-]+\.(?:md|proto|py|toml|txt|yaml|yml))\b"
)
# Written in two parts, or this file would find itself.
DEVELOPER_PATH = re.compile("/(?:" + "|".join(("ro" + "ot", "wo" + "rk", "ho" + "me/[a-z]", "Us" + "ers")) + ")/")
ADDRESS = re.compile(r"\w+://|(?:^|[\s@])--?(?:index|extra-index|find|trusted)\b|\b[\w-]+\.(?:org|com|net|io|dev)\b")


def committed() -> list[Path]:
    """Return the files that are, or could be, committed; without git, all that are not made by a tool."""
    try:
        listed = subprocess.run(
            ["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, capture_output=True, check=True
        )
    except (FileNotFoundError, subprocess.CalledProcessError):
        return sorted(walk(ROOT))
    paths = (ROOT / name for name in listed.stdout.decode().split("\0") if name)
    return sorted(path for path in paths if path.is_file())


def walk(folder: Path) -> Iterator[Path]:
    """Yield the files below a folder, without caches and what tools make."""
    for path in folder.iterdir():
        if path.name in NOT_OURS or path.name == "__pycache__" or path.name.endswith("_cache"):
            continue
        if path.is_dir():
            yield from walk(path)
        else:
            yield path


def texts() -> Iterator[tuple[str, str]]:
    """Yield name and content of each committed text file."""
    for path in committed():
        try:
            yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # a picture has no words


def is_generated(name: str) -> bool:
    return name.startswith("scaler/wire/") and "_pb2" in name


def test_cited_decisions_exist() -> None:
    known = {path.name[:4] for path in (ROOT / "docs/adr").glob("[0-9][0-9][0-9][0-9]-*.md")}
    missing = [
        f"{name}: ADR {number}" for name, text in texts() for number in ADR_NUMBER.findall(text) if number not in known
    ]
    assert missing == []


def test_decisions_have_a_number_each() -> None:
    names = sorted(path.name for path in (ROOT / "docs/adr").glob("*.md"))
    odd = [name for name in names if not re.fullmatch(r"\d{4}-[a-z0-9-]+\.md", name)]
    numbers = [name[:4] for name in names]
    assert odd == []
    assert len(numbers) == len(set(numbers))


def test_cited_paths_exist() -> None:
    missing = [
        f"{name}: {cited}"
        for name, text in texts()
        for cited in CITED_PATH.findall(text)
        if not (ROOT / cited).exists()
    ]
    assert missing == []


def test_a_python_file_holds_one_noun() -> None:
    long = {
        name: count
        for name, text in texts()
        if name.endswith(".py") and not is_generated(name) and (count := len(text.splitlines())) > LINES_MAX
    }
    assert long == {}


def test_nothing_is_called_after_a_drawer() -> None:
    drawers = {"common", "helper", "helpers", "misc", "util", "utils"}
    assert [name for name, _ in texts() if drawers & set(re.split(r"[/._-]", name))] == []


@pytest.mark.parametrize("package", [package for package in SHIPPED if (ROOT / package).is_dir()])
def test_every_folder_of_a_package_is_one(package: str) -> None:
    folders = {path.parent for path in committed() if path.suffix == ".py" and path.is_relative_to(ROOT / package)}
    assert [str(folder) for folder in sorted(folders) if not (folder / "__init__.py").is_file()] == []
    assert (ROOT / package / "py.typed").is_file()


def test_no_text_names_a_developers_machine() -> None:
    assert [name for name, text in texts() if DEVELOPER_PATH.search(text)] == []


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_a_lock_holds_names_versions_and_hashes_only(lock: str) -> None:
    lines = (ROOT / lock).read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if ADDRESS.search(line)] == []
    assert [line for line in lines if not re.match(r"[\w.-]+==\S+|    --hash=sha256:[0-9a-f]{64}( \\)?$", line)] == []
