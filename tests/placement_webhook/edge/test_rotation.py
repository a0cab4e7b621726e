from __future__ import annotations

from pathlib import Path

import pytest

from placement_webhook.edge.certificate_folder import CertificateFolder
from placement_webhook.edge.certificate_keeper import BUNDLE, KEY, LEAF, keep_certificates, parsed, written
from placement_webhook.edge.rotation import DAY_S, Held, Lifetimes, Step, Validity, due, leaf_until

LIFETIMES = Lifetimes(authority_s=90 * DAY_S, leaf_s=9 * DAY_S, overlap_s=DAY_S)
NOW_UNIX_S = 1_790_000_000.0
YEAR = 90


def valid(from_day: float, until_day: float) -> Validity:
    return Validity(from_unix_s=NOW_UNIX_S + from_day * DAY_S, until_unix_s=NOW_UNIX_S + until_day * DAY_S)


@pytest.mark.parametrize(
    ("held", "step"),
    [
        pytest.param(Held(), Step.FOUND, id="nothing is there"),
        pytest.param(Held(authority=valid(-90, 0), leaf=valid(-1, 8)), Step.FOUND, id="the authority has expired"),
        pytest.param(Held(authority=valid(0, 90)), Step.SIGN, id="no leaf"),
        pytest.param(Held(authority=valid(-1, 89), leaf=valid(-1, 8)), Step.NOTHING, id="all is young"),
        pytest.param(Held(authority=valid(-7, 83), leaf=valid(-6, 3)), Step.SIGN, id="two thirds of a leaf's life"),
        pytest.param(
            Held(authority=valid(-60, 30), leaf=valid(-1, 8)), Step.ANNOUNCE, id="two thirds of an authority's"
        ),
        pytest.param(
            Held(authority=valid(-61, 29), announced=valid(-0.9, 89), leaf=valid(-1, 8)),
            Step.NOTHING,
            id="not everybody has heard of the next one",
        ),
        pytest.param(
            Held(authority=valid(-61, 29), announced=valid(-1, 89), leaf=valid(-1, 8)), Step.SWITCH, id="everybody has"
        ),
        pytest.param(
            Held(authority=valid(-1, 89), retires=True, leaf=valid(0, 9), switched_unix_s=NOW_UNIX_S - 0.9 * DAY_S),
            Step.NOTHING,
            id="a replica may still show a leaf of the retired one",
        ),
        pytest.param(
            Held(authority=valid(-2, 88), retires=True, leaf=valid(0, 9), switched_unix_s=NOW_UNIX_S - DAY_S),
            Step.FORGET,
            id="nobody does",
        ),
        pytest.param(
            Held(authority=valid(-89, 1), announced=valid(-0.5, 89), leaf=valid(-2, 1)),
            Step.NOTHING,
            id="a leaf as long as its authority is not signed again and again",
        ),
    ],
)
def test_each_step_has_its_time(held: Held, step: Step) -> None:
    assert due(held, NOW_UNIX_S, LIFETIMES) is step


def test_a_leaf_never_outlives_its_authority() -> None:
    assert leaf_until(NOW_UNIX_S, valid(-89, 1), LIFETIMES) == NOW_UNIX_S + DAY_S
    assert leaf_until(NOW_UNIX_S, valid(0, 90), LIFETIMES) == NOW_UNIX_S + 9 * DAY_S


@pytest.mark.parametrize("odd", [{"overlap_s": 100 * DAY_S}, {"leaf_s": 200 * DAY_S}, {"overlap_s": 0.0}])
def test_lifetimes_that_leave_no_time_for_a_rotation_are_refused(odd: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="outlive"):
        Lifetimes(**odd)


def test_ten_years_are_possible() -> None:
    assert Lifetimes(authority_s=3650 * DAY_S, leaf_s=365 * DAY_S).authority_s == 3650 * DAY_S


def test_what_is_kept_is_read_back_and_looked_at_again_changes_nothing(tmp_path: Path) -> None:
    folder = CertificateFolder(tmp_path / "own")
    kept, steps = keep_certificates(folder, ("w.h.svc",), NOW_UNIX_S, LIFETIMES)
    assert steps == (Step.FOUND, Step.SIGN)
    assert parsed(folder.load()) == kept
    assert parsed(written(kept)) == kept
    assert keep_certificates(folder, ("w.h.svc",), NOW_UNIX_S + 60, LIFETIMES) == (kept, ())
    assert (tmp_path / "own").stat().st_mode & 0o077 == 0
    assert sorted(path.name for path in folder.current.iterdir() if path.name in {BUNDLE, KEY, LEAF}) == [
        BUNDLE,
        LEAF,
        KEY,
    ]


def test_a_leaf_whose_key_is_not_its_own_is_signed_anew_by_the_same_authority(tmp_path: Path) -> None:
    folder = CertificateFolder(tmp_path)
    kept, _ = keep_certificates(folder, ("w.h.svc",), NOW_UNIX_S, LIFETIMES)
    folder.save({**folder.load(), KEY: b"torn"})
    again, steps = keep_certificates(folder, ("w.h.svc",), NOW_UNIX_S, LIFETIMES)
    assert steps == (Step.SIGN,)
    assert again.authority == kept.authority
    assert len([path for path in tmp_path.iterdir() if path.is_dir() and not path.is_symlink()]) == 1
