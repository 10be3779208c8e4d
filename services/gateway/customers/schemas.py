"""``/v1/customers``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from services.gateway.conversations.schemas import ConversationObject, MessageObject
from services.gateway.feedback.schemas import FeedbackObject
from services.gateway.http.bodies.schemas import Body, Name, Reply, Resource

AttributeName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=64)]
"""What may stand behind ``customer.`` in a template."""
Value = Annotated[str, StringConstraints(min_length=1, max_length=512)]


class ChangeCustomer(Body):
    """What is known of a customer; what is left out stays, and null is forgotten.

    Attributes:
        consent: Whether they consented to being remembered; without it nothing else is kept. False forgets what was.
        name: How they are called.
        language: ISO 639-1.
        segment: Which group they belong to.
        attributes: Anything else, by name; null forgets one.
        slots: Values that their conversations begin with; they take the place of those remembered.
    """

    consent: bool | None = None
    name: Value | None = None
    language: Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$")] | None = None
    segment: Annotated[str, StringConstraints(min_length=1, max_length=64)] | None = None
    attributes: Annotated[dict[AttributeName, Value | None], Field(max_length=64)] | None = None
    slots: Annotated[dict[AttributeName, Value], Field(max_length=100)] | None = None


class CustomerObject(Resource):
    """A customer.

    Attributes:
        consented_at: When they consented; null: they have not, and nothing is remembered.
        seen_at: When they last said something, or were told of.
        slots: What their conversations brought, of slots that the bot file remembers.
        conversations: How many are theirs.
    """

    object: Literal["customer"] = "customer"
    created_at: int
    seen_at: int
    consented_at: int | None
    name: str | None
    language: str | None
    segment: str | None
    attributes: dict[str, str]
    slots: dict[str, str]
    conversations: int


class MergeCustomers(Body):
    """Another id of the same person; everything of it becomes this customer's."""

    customer: Name


class ExportedConversation(Reply):
    """A conversation with every word of it."""

    conversation: ConversationObject
    messages: list[MessageObject]
    feedback: list[FeedbackObject]


class CustomerExport(Reply):
    """A piece of everything that is kept of a customer.

    Attributes:
        customer: Null if only conversations name them.
        has_more: There are older conversations: ask again with ``after`` the last one's id.
    """

    object: Literal["customer.export"] = "customer.export"
    id: str
    customer: CustomerObject | None
    conversations: list[ExportedConversation]
    has_more: bool


class CustomerDeleted(Reply):
    """What was deleted."""

    id: str
    object: Literal["customer.deleted"] = "customer.deleted"
    deleted: Literal[True] = True
    conversations: int
