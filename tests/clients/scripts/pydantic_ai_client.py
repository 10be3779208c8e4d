"""pydantic-ai with its defaults, which speak /v1/responses: a bot, an engine with a function, its stream, a typed answer."""

import asyncio
import sys

from pydantic import BaseModel, Field
from pydantic_ai import Agent

ENGINE, DECODER = sys.argv[1:]


class Town(BaseModel):
    """A town."""

    name: str = Field(max_length=4)


async def main() -> None:
    bot = await Agent("openai:parley").run("hello bot")
    assert bot.output.startswith("You said: hello bot"), bot.output
    agent = Agent(f"openai:{ENGINE}", instructions="Be brief.")

    @agent.tool_plain
    def get_weather(city: str) -> str:
        """The weather of a city."""
        return f"sunny in {city}"

    result = await agent.run("How is it in Rome?")
    assert result.output == "It is sunny.", result.output
    async with agent.run_stream("How is it in Rome?") as streamed:
        assert "".join([text async for text in streamed.stream_text(delta=True)]) == "It is sunny."
    town = await Agent(f"openai:{DECODER}", output_type=Town).run("Name a town.")
    assert isinstance(town.output, Town)
    print(result.output, town.output)


asyncio.run(main())
