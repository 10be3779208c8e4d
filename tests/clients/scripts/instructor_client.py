"""instructor with its defaults: an engine, and a decoder of ours whose arguments hold the schema whatever its weights say."""

import sys

import instructor
from openai import OpenAI
from pydantic import BaseModel, Field

ENGINE, DECODER = sys.argv[1:]


class Weather(BaseModel):
    """Where the weather is asked for."""

    city: str = Field(max_length=4)


client = instructor.from_openai(OpenAI())
for model in (ENGINE, DECODER):
    found = client.chat.completions.create(
        model=model, response_model=Weather, messages=[{"role": "user", "content": "How is it in Rome?"}]
    )
    assert isinstance(found, Weather), found
    print(model, found)
