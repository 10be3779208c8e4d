"""How often guards are wrong: recall on the red team's prompts, false alarms on customers' texts; writes ``docs/guards-quality.md``.

``python -m tests.load.guards [--show GUARD]`` (``PARLEY_TEST_DATA`` names the folder of the public datasets).
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import statistics
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

from shared.bot.guarding import Guards
from shared.dialogue.guards.answers import Facts, broken_rules
from shared.dialogue.guards.messages import MESSAGE_GUARDS
from shared.text.tokens import sentences
from tests.architecture.source import ROOT
from tests.unit.dialogue.guards.red_team import Prompt, red_team

#: Files whose texts customers wrote, or would.
CUSTOMERS = (
    "intent/banking77",
    "intent/bitext_customer_intents",
    "intent/hint3",
    "intent/smp2017_ecdt_zh",
    "intent_slots/multidogo",
    "dialogue/sgd",
    "dialogue/taskmaster4",
    "dialogue/crosswoz_zh",
    "sentiment/airline_tweets_dated",
    "sentiment/online_shopping_zh",
    "sentiment/chnsenticorp_zh",
    "sentiment/weibo_senti_zh",
)
#: Files whose texts a service said.
SERVICES = ("dialogue/sgd", "dialogue/taskmaster4", "dialogue/crosswoz_zh", "faq/bank_faq", "faq/ecommerce_faq")
#: Texts of a file that are read.
_MOST = 20_000

_HEAD = """# Quality of the guards

Made by `python -m tests.load.guards` on {machine}. What a guard is and how a bot file declares it stands in [the bot file](bot-file.md#guards).

## Recall
{prompts} prompts of our own (`tests/unit/dialogue/guards/red_team.txt`). Every second one of a group was held back: the rules were mended on the others alone. Rules and prompts come
from the same people, though, who knew both kinds: expect less of strangers. What no rule sees still reaches a language model, whose sentences the guards of answers judge.

| of | guard | language | seen, tuning half | seen, held back |
|---|---|---|---|---|
"""
_ALARMS = """
## False alarms on customers' texts
Share of texts in which a guard sees something. Of `profanity` and `links` most are no mistakes: tweets to airlines swear and link. `blocked` is what the default of the bot file stops.
The rules were mended once on what they saw wrongly in these texts: expect a few more in others.

| texts | number | injection | self_harm | profanity | links | blocked |
|---|---|---|---|---|---|---|
"""
_ANSWERS = """
## Answers of people, with nothing known
Sentences of agents and of FAQ answers, judged as if neither the bot file nor a passage said them: the upper bound of what is withheld. With their own text among what is known, `promises` and
`contacts` see nothing in them by construction; the last column says so.

| texts | sentences | promises | contacts | links | profanity | any, when the texts are known |
|---|---|---|---|---|---|---|
"""


def rows(name: str) -> Iterator[dict[str, object]]:
    """The rows of a public dataset."""
    folder = Path(os.environ.get("PARLEY_TEST_DATA", ROOT.parent / "shared" / "data"))
    with gzip.open(folder / f"{name}.jsonl.gz", "rt", encoding="utf-8") as file:
        yield from map(json.loads, file)


def texts(name: str, role: str) -> list[str]:
    """The texts that one side said, each once, the first of them."""
    found: dict[str, None] = {}
    for row in rows(name):
        if "messages" in row:
            found.update(dict.fromkeys(str(one["content"]) for one in row["messages"] if one["role"] == role))  # type: ignore[attr-defined]
        elif role == "assistant":
            found[str(row["answer"])] = None
        elif "tokens" in row:
            found[" ".join(map(str, row["tokens"]))] = None  # type: ignore[call-overload]
        else:
            found[str(row["text"])] = None
        if len(found) >= _MOST:
            break
    return list(found)[:_MOST]


def share(count: int, of: int) -> str:
    """In percent, with as many digits as matter."""
    return f"{100 * count / of:.2f} % ({count})" if count else "0"


def recall_table() -> Iterator[str]:
    """A line for each group of prompts."""
    groups: dict[tuple[str, str, str], dict[bool, list[Prompt]]] = defaultdict(lambda: {False: [], True: []})
    for prompt in red_team():
        groups[prompt.side, prompt.guard, prompt.language][prompt.held_back].append(prompt)
    sums: dict[bool, list[bool]] = {False: [], True: []}
    for (side, guard, language), halves in groups.items():
        seen = {held: [one.is_seen() for one in some] for held, some in halves.items()}
        for held, some in seen.items():
            sums[held] += some
        cells = " | ".join(f"{sum(some)} of {len(some)}" for some in seen.values())
        yield f"| {side}s | {guard} | {language} | {cells} |"
    cells = " | ".join(f"{sum(some)} of {len(some)} ({100 * sum(some) / len(some):.1f} %)" for some in sums.values())
    yield f"| all | | | {cells} |"


def alarms(name: str, show: str | None) -> str:
    """The line of one file of customers' texts."""
    guards, seen = Guards(), Counter[str]()
    chosen = texts(name, "user")
    for text in chosen:
        hits = [guard for guard, look in MESSAGE_GUARDS.items() if look(text) is not None]
        seen.update(hits)
        seen["blocked"] += any(getattr(guards, guard) == "block" for guard in hits)
        if show in hits:
            print(f"{name}: {MESSAGE_GUARDS[show](text)}: {text[:300]}")
    cells = " | ".join(
        share(seen[guard], len(chosen)) for guard in ("injection", "self_harm", "profanity", "links", "blocked")
    )
    return f"| `{name}` | {len(chosen):,} | {cells} |"


def withheld(name: str, show: str | None) -> str:
    """The line of one file of what a service said."""
    seen, number, known = Counter[str](), 0, 0
    for text in texts(name, "assistant"):
        facts = Facts.of([text])
        for start, end in sentences(text):
            number += 1
            hits = {guard for guard, _ in broken_rules(text[start:end], Guards(), Facts)}
            known += any(True for _ in broken_rules(text[start:end], Guards(), lambda facts=facts: facts))  # type: ignore[misc]
            seen.update(hits)
            if show in hits:
                print(f"{name}: {text[start:end][:300]}")
    cells = " | ".join(share(seen[guard], number) for guard in ("promises", "contacts", "links", "profanity"))
    return f"| `{name}` | {number:,} | {cells} | {share(known, number)} |"


def speed() -> str:
    """How much processor time a message and an answer take."""
    chosen = texts("intent/banking77", "user")[:2_000] + texts("sentiment/chnsenticorp_zh", "user")[:500]
    told = texts("faq/bank_faq", "assistant")[:500]
    message = _times(lambda text: [look(text) for look in MESSAGE_GUARDS.values()], chosen)
    sentence = _times(lambda text: list(broken_rules(text, Guards(), Facts)), told)
    hostile = max(_times(lambda text: [look(text) for look in MESSAGE_GUARDS.values()], _hostile()))
    return (
        f"\n## Speed\nProcessor time. A message: {statistics.median(message):.2f} ms at the median, {sorted(message)[int(0.99 * len(message))]:.2f} ms at p99; "
        f"an answer: {statistics.median(sentence):.2f} ms and {sorted(sentence)[int(0.99 * len(sentence))]:.2f} ms. The slowest of our hostile messages of 10,000 characters: {hostile:.0f} ms.\n"
    )


def _hostile() -> list[str]:
    words = (
        "a-",
        "a.",
        "ignore previous ",
        "show ",
        "忽略之前",
        "f ",
        "1a",
        "you are now ",
        "my life ",
        "# ",
        "at dot ",
    )
    return [(word * 10_000)[:10_000] for word in words]


def _times(work: Callable[[str], object], chosen: list[str]) -> list[float]:
    taken = []
    for text in chosen:
        began = time.process_time()
        work(text)
        taken.append(1_000 * (time.process_time() - began))
    return taken


def main() -> None:
    """Measure and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--show", help="print the texts in which this guard sees something")
    show = parser.parse_args().show
    machine = f"{os.cpu_count()} cores"
    page = [_HEAD.format(machine=machine, prompts=len(red_team())), *(f"{line}\n" for line in recall_table())]
    page += [_ALARMS, *(f"{alarms(name, show)}\n" for name in CUSTOMERS)]
    page += [_ANSWERS, *(f"{withheld(name, show)}\n" for name in SERVICES), speed()]
    (ROOT / "docs" / "guards-quality.md").write_text("".join(page), encoding="utf-8")
    print("".join(page))


if __name__ == "__main__":
    main()
