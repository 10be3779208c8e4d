"""The form in which a sound comes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, BinaryIO, Literal, Self

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.datastructures import FormData

from services.gateway.audio.schemas import HEARERS, ResponseFormat
from services.gateway.http.bodies import multipart
from services.gateway.http.bodies.schemas import Name
from shared.contracts.media import SpeechTask, TranscribeSound
from shared.errors import InvalidInput, NotFound

#: Fields beside the file; accepted without effect are those that only the models of the convention's maker know.
_NO_EFFECT = {
    "chunking_strategy",
    "include[]",
    "include",
    "keywords[]",
    "known_speaker_names[]",
    "known_speaker_references[]",
}
_MOST_FIELDS = 64
_WORDS = "timestamp_granularities[]"


class SoundForm(BaseModel):
    """What is asked of a sound."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: Name
    language: Annotated[str, Field(pattern=r"^[A-Za-z]{2,3}$")] | None = None
    prompt: Annotated[str, Field(max_length=2_000)] | None = None
    response_format: ResponseFormat = "json"
    temperature: Annotated[float, Field(ge=0, le=1)] = 0.0
    stream: bool = False
    granularities: tuple[Literal["word", "segment"], ...] = ()

    @classmethod
    def of(cls, form: FormData) -> Self:
        """Read the fields.

        Raises:
            InvalidInput: One is missing, unknown or wrong.
            NotFound: There is no such model.
        """
        fields: dict[str, object] = {
            name: value for name, value in form.items() if isinstance(value, str) and name not in (*_NO_EFFECT, _WORDS)
        }
        words = [value for name, value in form.multi_items() if name == _WORDS]
        try:
            asked = cls.model_validate(fields | {"granularities": words})
        except ValidationError as error:
            first = error.errors()[0]
            name = str(first["loc"][0])
            raise InvalidInput(f"Invalid '{name}': {first['msg']}.", param=name) from None
        if asked.model not in HEARERS:
            raise NotFound(f"No model {asked.model!r} hears; use 'parley-voice' or 'whisper-1'.", param="model")
        return asked

    def question(self, key: str, task: SpeechTask) -> TranscribeSound:
        """What is asked of generation."""
        return TranscribeSound(
            key=key,
            task=task,
            language=self.language.lower() if self.language else None,
            prompt=self.prompt,
            temperature=self.temperature,
            words="word" in self.granularities,
        )


@asynccontextmanager
async def opened_form(request: Request) -> AsyncIterator[tuple[BinaryIO, SoundForm]]:
    """The sound, and what is asked of it, while the context is open.

    Raises:
        HTTPException: 415, it is no multipart form.
        InvalidInput: Something in it is wrong.
        StorageFull: The temporary folder has no room for it.
    """
    remedy = "Send the sound as 'multipart/form-data', with the fields 'file' and 'model'."
    async with multipart.opened(request, remedy, max_fields=_MOST_FIELDS, max_part_size=16_384) as form:
        yield multipart.file_of(form).file, SoundForm.of(form)
