"""What is said in the sounds of a message: a customer's own words."""

from __future__ import annotations

from collections.abc import Sequence

from services.gateway.attachments.parts import MAX_PARTS, Sound
from services.gateway.audio.client import Audio
from shared.errors import InvalidInput


async def heard(audio: Audio, text: str, sounds: Sequence[Sound], param: str) -> str:
    """The words of a message, written and spoken.

    Raises:
        InvalidInput: A sound cannot be heard, nothing is said in it, or there are too many.
        TooManyRequests: Too many wait already.
    """
    if len(sounds) > MAX_PARTS:
        raise InvalidInput(f"A message may have {MAX_PARTS} sounds; this one has {len(sounds)}.", param=param)
    said = [text.strip()]
    for sound in sounds:
        try:
            transcript = await audio.transcribed([sound.content(param)])
        except InvalidInput as error:
            raise InvalidInput(error.message, param=param, code=error.code) from None
        if not transcript.text.strip():
            raise InvalidInput("Nothing is said in the sound that could be written down.", param=param, code="silent")
        said.append(transcript.text.strip())
    return "\n".join(part for part in said if part)
