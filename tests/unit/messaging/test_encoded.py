"""Packing, unpacking, errors on the bus, masking."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import errors
from shared.contracts.chat.analysis import AnalyzeText
from shared.contracts.chat.turns import PastTurn, TurnReceived
from shared.contracts.message import Exchange
from shared.errors import InvalidInput, ParleyError, UndecodableMessage, reason_of
from shared.messaging.consuming.dead_letters import dead_letter, mask_customer_text
from shared.messaging.consuming.failures import error_of, failure_of
from shared.messaging.encoded import pack, unpack
from shared.messaging.envelope import envelope
from shared.messaging.topology import Binding
from shared.telemetry.correlation import bound
from tests.unit.messaging.samples import analyze, analyzed
from tests.unit.privacy.canaries import every_canary


@given(st.lists(st.text(alphabet=st.characters(exclude_categories=["Cs"])), min_size=1))
def test_what_is_packed_can_be_unpacked(texts: list[str]) -> None:
    sent = envelope(AnalyzeText(texts=tuple(texts)))
    assert unpack(pack(sent)) == sent


@given(st.binary(), st.integers(min_value=0, max_value=1), st.sampled_from(["text.analyze", "turn.received", ""]))
def test_garbage_is_undecodable_and_nothing_else(body: bytes, version: int, kind: str) -> None:
    encoded = replace(pack(envelope(analyze())), body=body, version=version, type=kind)
    with pytest.raises(UndecodableMessage):
        unpack(encoded)


class AnalyzeTextNext(AnalyzeText):
    """The same message as the next release knows it."""

    VERSION: ClassVar[int] = 2
    ADDED: ClassVar[Mapping[str, int]] = {"urgent": 2}
    urgent: bool = False


def test_what_a_new_release_does_not_use_yet_can_be_read_by_the_release_before() -> None:
    encoded = pack(envelope(AnalyzeTextNext(texts=("hello",))))
    assert encoded.version == 1
    assert unpack(encoded).message == AnalyzeText(texts=("hello",))


def test_what_a_new_release_uses_is_refused_by_an_old_one_with_the_remedy() -> None:
    encoded = pack(envelope(AnalyzeTextNext(texts=("hello",), urgent=True)))
    with pytest.raises(
        UndecodableMessage, match=r"version 2 of .* is newer than this process, which knows 1; upgrade it"
    ):
        unpack(encoded)


def test_a_reply_needs_to_know_to_whom() -> None:
    with pytest.raises(InvalidInput, match="queue of the caller"):
        pack(envelope(analyzed()))


def test_ids_that_cannot_travel_are_refused_by_name() -> None:
    with pytest.raises(InvalidInput, match="correlation_id has 300") as raised:
        pack(envelope(analyze(), correlation_id="x" * 300))
    assert raised.value.param == "correlation_id"


def test_the_bound_correlation_id_goes_on() -> None:
    with bound("mine"):
        assert envelope(analyze()).correlation_id == "mine"
    assert envelope(analyze()).correlation_id != envelope(analyze()).correlation_id


def test_an_answer_keeps_the_caller_and_gets_its_own_id() -> None:
    request = envelope(analyze(), reply_to="r", deadline=1.5, request_id="q")
    answer = request.answered_by(analyzed())
    assert answer.message_id != request.message_id
    assert replace(answer, message=request.message, message_id=request.message_id) == request


@pytest.mark.parametrize(
    "error",
    [
        errors.InvalidInput("no", param="x", code="own_code"),
        errors.NotFound("no"),
        errors.AlreadyExists("no"),
        errors.Conflict("no"),
        errors.NotAuthenticated("no"),
        errors.NotAllowed("no"),
        errors.TooManyRequests("no"),
        errors.DeadlineExceeded("no"),
        errors.Unavailable("no"),
        errors.NoModel("no"),
        errors.UndecodableMessage("no"),
        errors.BrokenArtifact("no"),
        errors.TrainingFailed("no"),
        errors.ParleyError("no"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_errors_travel(error: ParleyError) -> None:
    arrived = error_of(failure_of(error, "text.analyze"))
    assert type(arrived) is type(error)
    assert (arrived.message, arrived.param, arrived.code) == (error.message, error.param, error.code)


def test_an_own_code_keeps_whether_repeating_helps() -> None:
    assert error_of(failure_of(errors.Unavailable("no", code="own"), "t")).retryable


def test_a_foreign_error_tells_where_and_not_what() -> None:
    with pytest.raises(ValueError, match="secret words") as raised:
        int("secret words")
    reason = reason_of(raised.value)
    assert "ValueError in " in reason
    assert "test_encoded.py" in reason
    assert "secret" not in reason + failure_of(raised.value, "t").message


def test_masking_spares_what_operators_need() -> None:
    turn = TurnReceived(
        turn_id="turn_1",
        conversation_id="conv_1",
        text="secret",
        history=(PastTurn(user="secret", answer="secret"),),
        received_at=1.0,
    )
    masked = mask_customer_text(turn.model_dump_json().encode())
    assert b"secret" not in masked
    assert json.loads(masked)["turn_id"] == "turn_1"


@pytest.mark.parametrize("canary", every_canary())
def test_no_canary_survives_in_a_dead_letter_wherever_a_stranger_put_it(canary: str) -> None:
    body = {"turn_id": "turn_1", "phone": f"it is {canary}", canary: 1, "list": [[canary]], "number": 4111111111111111}
    encoded = replace(
        pack(envelope(analyze())),
        body=json.dumps(body, ensure_ascii=False).encode(),
        type=canary,
        message_id=canary,
        correlation_id=canary,
    )
    letter = dead_letter(encoded, "nlu", UndecodableMessage(f"no {canary}"), mask_customer_text)
    kept = json.loads(letter.body)
    assert canary not in json.dumps(kept, ensure_ascii=False)
    assert repr(canary)[1:-1] not in repr(letter)
    assert (kept["turn_id"], kept["number"]) == ("turn_1", "[card]")


@pytest.mark.parametrize("body", [b"secret", b"\xff", b"[" * 100_000, b""])
def test_masking_replaces_whole_what_is_not_json(body: bytes) -> None:
    assert json.loads(mask_customer_text(body)) == f"[masked: {len(body)} bytes that are not JSON]"


@pytest.mark.parametrize(
    ("pattern", "key", "expected"),
    [
        ("release.#", "release.model", True),
        ("release.#", "release", True),
        ("release.#", "release.a.b", True),
        ("release.#", "released", False),
        ("*.raised", "alert.raised", True),
        ("*.raised", "raised", False),
        ("#.x.*", "a.b.x.c", True),
        ("alert.raised", "alert.raised.x", False),
    ],
)
def test_topics(pattern: str, key: str, *, expected: bool) -> None:
    assert Binding(Exchange.EVENTS, pattern).matches(Exchange.EVENTS, key) is expected
    assert not Binding(Exchange.EVENTS, pattern).matches(Exchange.RPC, key)


def test_direct_keys_have_no_wildcards() -> None:
    assert not Binding(Exchange.RPC, "#").matches(Exchange.RPC, "nlu")
