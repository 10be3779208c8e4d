"""An answer as a mail, in the thread of what it answers."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from services.channels.kinds.kind import Outgoing, choices
from shared.contracts.channels import EmailChannel

#: Characters of a line: an id is not broken, as some programs do not read one that is.
_POLICY = SMTP.clone(max_line_length=500)
_IS_REPLY = re.compile(r"\s*(re|aw|sv|antw|回复|答复|回覆)\s*[:：]", re.IGNORECASE)


def mail_of(setting: EmailChannel, message: Outgoing, now: float) -> EmailMessage:
    """The mail. A second try has the same ``Message-ID``, by which mailboxes know it; what the bot says is marked as RFC 3834 has it."""
    reply = message.reply
    mail = EmailMessage(policy=_POLICY)
    mail["From"] = Address(setting.name, addr_spec=setting.address)
    mail["To"] = Address(addr_spec=str(reply["to"]))
    subject = str(reply.get("subject") or "")
    mail["Subject"] = subject if _IS_REPLY.match(subject) else f"Re: {subject}".strip()
    mail["Date"] = format_datetime(datetime.fromtimestamp(now, UTC))
    digest = hashlib.sha256(message.id.encode()).hexdigest()[:24]
    mail["Message-ID"] = f"<{reply['root']}.{digest}.parley@{setting.address.partition('@')[2]}>"
    if reply.get("id"):
        mail["In-Reply-To"] = str(reply["id"])
        mail["References"] = " ".join([*reply.get("references", ()), str(reply["id"])])
    if message.role == "bot":
        mail["Auto-Submitted"] = "auto-replied"
    mail.set_content(choices(message))
    return mail
