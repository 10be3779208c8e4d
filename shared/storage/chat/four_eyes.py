"""What two people have to agree to before it takes effect: one proposes, another one agrees or says otherwise."""

from __future__ import annotations

from typing import Any, Literal

from sqlmodel import Session, col, select

from shared.errors import Conflict, InvalidInput, NotAllowed
from shared.storage.tables.guards import GuardReview, GuardVerdict

FOUR_EYES = "four_eyes"
"""The guard under which requests wait."""

Outcome = Literal["proposed", "disagreed", "decided"]
Person = tuple[str, str | None]
"""A key, and who says to be at it."""


def same_person(one: Person, other: Person) -> bool:
    """Whether two words may be one person's: the key is the same, or the name is. A name alone proves nobody: it can be typed."""
    (key, name), (other_key, other_name) = one, other
    return key == other_key or (
        name is not None and other_name is not None and name.casefold() == other_name.casefold()
    )


def vote(
    session: Session,
    review: GuardReview,
    verdict: GuardVerdict,
    *,
    author: str | None,
    key_id: str,
    comment: str | None,
    now: float,
) -> tuple[GuardReview, Outcome]:
    """Say what should become of a request. It is decided once two people, one after the other, say the same.

    Raises:
        InvalidInput: The verdict is none for requests.
        Conflict: It is decided already.
        NotAllowed: Who proposed it cannot agree to it.
    """
    if verdict not in ("approved", "rejected"):
        raise InvalidInput("A request waits for 'approved' or 'rejected'; send one of them.", param="verdict")
    mine = select(GuardReview).where(col(GuardReview.id) == review.id).with_for_update()
    review = session.exec(mine.execution_options(populate_existing=True)).one()
    if review.verdict is not None:
        raise Conflict(f"The request was {review.verdict} already.", param="review_id", code="already_decided")
    last = review.votes[-1] if review.votes else None
    same = last is not None and same_person((last["key_id"], last["author"]), (key_id, author))
    if last is not None and same and last["verdict"] == verdict:
        raise NotAllowed(
            "You have proposed this yourself; another person, with a key and a name of their own, has to agree.",
            code="second_person_needed",
        )
    said: dict[str, Any] = {"verdict": verdict, "author": author, "key_id": key_id, "comment": comment, "at": now}
    review.votes = [*review.votes, said]
    outcome: Outcome = "proposed"
    if last is not None and not same:
        outcome = "decided" if last["verdict"] == verdict else "disagreed"
    if outcome == "decided":
        review.verdict, review.author, review.key_id, review.decided_at = verdict, author, key_id, now
    session.add(review)
    session.flush()
    return review, outcome
