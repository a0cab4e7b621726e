"""Carries out the rotation's steps on what a store holds: own authorities and the webhook's leaf.

It must never know where the store is: a folder here, a Secret in a cluster.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from placement_webhook.edge.certificate import Credential, make_authority, make_leaf
from placement_webhook.edge.rotation import Held, Lifetimes, Step, due, leaf_until

STEPS_MAX = 8  # the longest way through a rotation is five; more would mean that the schedule does not settle

LEAF, KEY, BUNDLE = "tls.crt", "tls.key", "ca.crt"  # the names that Kubernetes gives these in a Secret
_AUTHORITY, _ANNOUNCED, _RETIRED, _SWITCHED = "authority", "announced", "retired", "switched-unix-seconds"


class Store(Protocol):
    """Named pieces, replaced all at once or not at all."""

    def load(self) -> Mapping[str, bytes]:
        """What was saved last; empty where nothing was. Raises OSError."""
        ...

    def save(self, pieces: Mapping[str, bytes]) -> None:
        """Raises OSError."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What a store holds, parsed."""

    authority: Credential | None = None
    announced: Credential | None = None
    retired: bytes | None = None
    leaf: Credential | None = None
    switched_unix_s: float = 0.0

    @property
    def bundle(self) -> bytes:
        """Everything that clients shall believe in, for the webhook configuration's caBundle."""
        present = [credential.certificate for credential in (self.authority, self.announced) if credential is not None]
        return b"".join([*present, self.retired or b""])


def keep_certificates(
    store: Store, names: tuple[str, ...], now_unix_s: float, lifetimes: Lifetimes
) -> tuple[Kept, tuple[Step, ...]]:
    """Takes every step that is due and saves the outcome once; returns it with the steps taken. Raises OSError."""
    kept = parsed(store.load())
    taken: list[Step] = []
    while (step := due(_held(kept), now_unix_s, lifetimes)) is not Step.NOTHING:
        if len(taken) == STEPS_MAX:
            raise RuntimeError(f"the rotation of certificates does not settle: {', '.join(taken)}")
        kept = _after(step, kept, names, now_unix_s, lifetimes)
        taken.append(step)
    if taken:
        store.save(written(kept))
    return kept, tuple(taken)


def parsed(pieces: Mapping[str, bytes]) -> Kept:
    """What can be used of it. A certificate without its own key is as good as none, and is made anew."""
    retired = pieces.get(f"{_RETIRED}.crt")
    try:
        switched_unix_s = float(pieces.get(_SWITCHED, b"0"))
    except ValueError:
        switched_unix_s = 0.0
    return Kept(
        authority=_credential(pieces, f"{_AUTHORITY}.crt", f"{_AUTHORITY}.key"),
        announced=_credential(pieces, f"{_ANNOUNCED}.crt", f"{_ANNOUNCED}.key"),
        retired=retired,
        leaf=_credential(pieces, LEAF, KEY),
        switched_unix_s=switched_unix_s,
    )


def written(kept: Kept) -> Mapping[str, bytes]:
    """The pieces that `parsed` reads."""
    pieces = {BUNDLE: kept.bundle, _SWITCHED: str(kept.switched_unix_s).encode()}
    for name, credential in ((_AUTHORITY, kept.authority), (_ANNOUNCED, kept.announced)):
        if credential is not None:
            pieces |= {f"{name}.crt": credential.certificate, f"{name}.key": credential.key}
    if kept.retired is not None:
        pieces[f"{_RETIRED}.crt"] = kept.retired
    if kept.leaf is not None:
        pieces |= {LEAF: kept.leaf.certificate, KEY: kept.leaf.key}
    return pieces


def _after(step: Step, kept: Kept, names: tuple[str, ...], now_unix_s: float, lifetimes: Lifetimes) -> Kept:
    match step:
        case Step.FOUND:
            authority = make_authority(now_unix_s, now_unix_s + lifetimes.authority_s)
            return Kept(authority=authority, switched_unix_s=now_unix_s)
        case Step.ANNOUNCE:
            return replace(kept, announced=make_authority(now_unix_s, now_unix_s + lifetimes.authority_s))
        case Step.SWITCH:
            old = kept.authority.certificate if kept.authority is not None else None
            return replace(
                kept, authority=kept.announced, announced=None, retired=old, leaf=None, switched_unix_s=now_unix_s
            )
        case Step.FORGET:
            return replace(kept, retired=None)
        case Step.SIGN:
            return replace(kept, leaf=_leaf(kept, names, now_unix_s, lifetimes))
        case Step.NOTHING:
            return kept


def _leaf(kept: Kept, names: tuple[str, ...], now_unix_s: float, lifetimes: Lifetimes) -> Credential | None:
    if kept.authority is None:
        return None
    until_unix_s = leaf_until(now_unix_s, kept.authority.validity, lifetimes)
    return make_leaf(kept.authority, names, now_unix_s, until_unix_s)


def _held(kept: Kept) -> Held:
    return Held(
        authority=None if kept.authority is None else kept.authority.validity,
        announced=None if kept.announced is None else kept.announced.validity,
        retires=kept.retired is not None,
        leaf=None if kept.leaf is None else kept.leaf.validity,
        switched_unix_s=kept.switched_unix_s,
    )


def _credential(pieces: Mapping[str, bytes], certificate: str, key: str) -> Credential | None:
    if certificate not in pieces or key not in pieces:
        return None
    credential = Credential(certificate=pieces[certificate], key=pieces[key])
    return credential if _belong_together(credential) else None


def _belong_together(credential: Credential) -> bool:
    try:
        certificate = x509.load_pem_x509_certificate(credential.certificate)
        key = serialization.load_pem_private_key(credential.key, password=None)
    except (ValueError, TypeError):
        return False
    return certificate.public_key() == key.public_key()
