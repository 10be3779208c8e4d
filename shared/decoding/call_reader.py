"""Calls of functions found in what a model writes, as it writes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from shared.contracts.chat.generation import CallPiece
from shared.decoding.call_format import CallFormat
from shared.decoding.stopping import StopTexts
from shared.telemetry.unique import unique_id

#: Characters of a function's name.
_LONGEST_NAME = 64


@dataclass(frozen=True, slots=True)
class Read:
    """What some text came to: words, and pieces of calls."""

    words: str = ""
    calls: tuple[CallPiece, ...] = ()


class CallReader:
    """Tells words from calls. What begins like a call and is none is given back as words.

    Args:
        form: What calls look like.
        call_id: Makes the id of a call.
    """

    def __init__(self, form: CallFormat, call_id: Callable[[], str] = lambda: f"call_{unique_id()}") -> None:
        self._form = form
        self._call_id = call_id
        self._trigger = StopTexts([form.trigger])
        self._head: str | None = None
        """What came after the trigger, while no name is known."""
        self._json: _JsonObject | None = None
        self._tail: str | None = None
        """What is still to come of the text that ends a call."""
        self.calls = 0

    def add(self, text: str) -> Read:
        """Go on with ``text``."""
        words: list[str] = []
        calls: list[CallPiece] = []
        for part in self._parts(text):
            if isinstance(part, str):
                words.append(part)
            else:
                calls.append(part)
        return Read("".join(words), tuple(calls))

    def rest(self) -> str:
        """What was withheld, at the end of an answer."""
        if self._head is not None:
            return self._form.trigger + self._head
        rest = self._trigger.rest() if self._json is None else ""
        return rest if not self.calls or rest.strip() else ""

    def _parts(self, text: str) -> Iterator[str | CallPiece]:
        while text:
            if self._json is not None:
                inside, text = self._json.take(text)
                yield CallPiece(index=self.calls - 1, arguments=inside)
                if self._json.complete:
                    self._json, self._tail = None, self._form.end
            elif self._tail:
                text = self._past_tail(text)
            elif self._head is not None:
                self._head, text = self._head + text, ""
                known = self._named()
                if known is not None:
                    part, text = known
                    yield part
            else:
                words, text = self._until_trigger(text)
                if words.strip() or not self.calls:  # blanks between calls say nothing
                    yield words

    def _past_tail(self, text: str) -> str:
        """What follows the end of the call, blanks aside."""
        tail = self._tail or ""
        same = 0
        while same < min(len(tail), len(text)) and tail[same] == text[same]:
            same += 1
        self._tail = tail[same:] if same == len(text) else None
        return text[same:]

    def _until_trigger(self, text: str) -> tuple[str, str]:
        before = self._trigger.withheld
        words = self._trigger.add(text)
        if not self._trigger.found:
            return words, ""
        self._trigger = StopTexts([self._form.trigger])
        self._head = ""
        return words, (before + text)[len(words) + len(self._form.trigger) :]

    def _named(self) -> tuple[CallPiece | str, str] | None:
        """The beginning of a call and what follows it; or words, if it is none. ``None``: more has to come."""
        head, before, middle = self._head or "", self._form.before_name().strip(), self._form.middle
        body = head.lstrip()
        if len(body) < len(before) and before.startswith(body):
            return None
        name, found, text = body[len(before) :].partition(middle)
        is_call = body.startswith(before)
        if is_call and found and text.lstrip().startswith("{") and 0 < len(name) <= _LONGEST_NAME:
            self._head, self._json = None, _JsonObject()
            self.calls += 1
            return CallPiece(index=self.calls - 1, id=self._call_id(), name=name), text.lstrip()
        if is_call and len(body) <= len(before) + _LONGEST_NAME + len(middle):
            return None
        self._head = None
        return self._form.trigger + head, ""


class _JsonObject:
    """Follows a JSON object to its last brace."""

    def __init__(self) -> None:
        self._depth = 0
        self._in_text = False
        self._escaped = False
        self.complete = False

    def take(self, text: str) -> tuple[str, str]:
        """What of ``text`` belongs to it, and what follows."""
        for place, character in enumerate(text):
            self._see(character)
            if self.complete:
                return text[: place + 1], text[place + 1 :]
        return text, ""

    def _see(self, character: str) -> None:
        if self._in_text:
            if self._escaped:
                self._escaped = False
            elif character == "\\":
                self._escaped = True
            elif character == '"':
                self._in_text = False
        elif character == '"':
            self._in_text = True
        elif character in "{[":
            self._depth += 1
        elif character in "}]":
            self._depth -= 1
            self.complete = self._depth == 0
