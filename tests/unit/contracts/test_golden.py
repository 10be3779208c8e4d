"""Messages that once travelled decode for ever: a golden file for each version of each message."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from shared.contracts import MESSAGES
from shared.contracts.message import Exchange, Message
from shared.messaging.encoded import EncodedMessage, unpack

GOLDEN = Path(__file__).parent / "golden"
FILES = sorted(GOLDEN.glob("*.json"))


def parcel_of(path: Path) -> EncodedMessage:
    name, _, version = path.stem.rpartition(".v")
    return EncodedMessage(
        exchange=Exchange.REPLY,
        key="",
        body=path.read_bytes(),
        type=name,
        version=int(version),
        message_id="m",
        correlation_id="c",
        durable=False,
    )


def golden_of(kind: type[Message]) -> Path:
    return GOLDEN / f"{kind.TYPE}.v{kind.VERSION}.json"


@pytest.mark.parametrize("kind", MESSAGES, ids=lambda kind: kind.TYPE)
def test_every_version_of_every_message_has_a_golden_file(kind: type[Message]) -> None:
    missing = [n for n in range(1, kind.VERSION + 1) if not (GOLDEN / f"{kind.TYPE}.v{n}.json").exists()]
    assert not missing, f"write {kind.TYPE}.v{missing[0]}.json: a message as it travels, with every field set"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_golden_file_decodes(path: Path) -> None:
    assert path.stem.rpartition(".v")[0] == unpack(parcel_of(path)).message.TYPE


@pytest.mark.parametrize("kind", MESSAGES, ids=lambda kind: kind.TYPE)
def test_the_golden_file_of_the_present_version_is_what_travels_now(kind: type[Message]) -> None:
    path = golden_of(kind)
    assert json.loads(unpack(parcel_of(path)).message.model_dump_json()) == json.loads(path.read_text())


@pytest.mark.parametrize("kind", MESSAGES, ids=lambda kind: kind.TYPE)
def test_no_optional_field_of_a_golden_file_is_left_at_its_default(kind: type[Message]) -> None:
    message = unpack(parcel_of(golden_of(kind))).message
    untouched = [
        name
        for name, field in kind.model_fields.items()
        if not field.is_required() and getattr(message, name) == field.default and field.default is not False
    ]
    assert not untouched, "a default proves nothing: a reader that lost the field would still agree"


def test_types_are_unique() -> None:
    assert len({kind.TYPE for kind in MESSAGES}) == len(MESSAGES)


@pytest.mark.parametrize("kind", MESSAGES, ids=lambda kind: kind.TYPE)
def test_unknown_fields_are_refused(kind: type[Message]) -> None:
    content = {**json.loads(golden_of(kind).read_text()), "surprise": 1}
    with pytest.raises(ValidationError, match="surprise"):
        kind.model_validate_json(json.dumps(content))


@pytest.mark.parametrize("kind", MESSAGES, ids=lambda kind: kind.TYPE)
def test_messages_are_frozen(kind: type[Message]) -> None:
    message = kind.model_validate_json(golden_of(kind).read_bytes())
    with pytest.raises(ValidationError, match="frozen"):
        setattr(message, next(iter(kind.model_fields), "anything"), None)
