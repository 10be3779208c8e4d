"""The official client: synchronous, asynchronous, raw, and its streaming and parsing helpers."""

import asyncio
import sys

from openai import AsyncOpenAI, OpenAI
from pydantic import BaseModel, Field

ENGINE, DECODER = sys.argv[1:]
ASKED = [{"role": "user", "content": "hello bot"}]


class Town(BaseModel):
    """A town."""

    name: str = Field(max_length=4)


client = OpenAI()
assert client.chat.completions.create(model="parley", messages=ASKED).choices[0].message.content.startswith("You said")
raw = client.chat.completions.with_raw_response.create(model="parley", messages=ASKED, temperature=0.2)
assert raw.headers["x-parley-ignored"] == "temperature"
with client.chat.completions.stream(model="parley", messages=ASKED) as stream:
    assert "".join(event.delta for event in stream if event.type == "content.delta").startswith("You said")
with client.responses.stream(model="parley", input="hello bot") as stream:
    assert stream.until_done().get_final_response().output_text.startswith("You said")
typed = client.responses.parse(model=DECODER, input="Name a town.", text_format=Town)
assert isinstance(typed.output_parsed, Town)
parsed = client.chat.completions.parse(model=DECODER, messages=ASKED, response_format=Town)
assert isinstance(parsed.choices[0].message.parsed, Town)
assert client.models.list().data
assert client.embeddings.create(model="minilm", input="hello").data[0].embedding if "--embeddings" in sys.argv else True


async def main() -> None:
    async with AsyncOpenAI() as waiting:
        answers = await asyncio.gather(*(waiting.responses.create(model=ENGINE, input="hello") for _ in range(4)))
        assert {answer.output_text for answer in answers} == {"It is sunny."}
        pieces = await waiting.chat.completions.create(model=ENGINE, messages=ASKED, stream=True)
        assert "".join([piece.choices[0].delta.content or "" async for piece in pieces]) == "It is sunny."


asyncio.run(main())
print(parsed.choices[0].message.parsed)
