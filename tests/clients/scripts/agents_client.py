"""openai-agents with its defaults, which speak /v1/responses: a bot, an engine with a function, and its stream."""

import asyncio
import sys

from agents import Agent, Runner, function_tool, set_tracing_disabled

ENGINE = sys.argv[1]
set_tracing_disabled(disabled=True)  # traces go to their maker otherwise


@function_tool
def get_weather(city: str) -> str:
    """The weather of a city."""
    return f"sunny in {city}"


async def main() -> None:
    bot = await Runner.run(Agent(name="bot", model="parley"), "hello bot")
    assert bot.final_output.startswith("You said: hello bot"), bot.final_output
    agent = Agent(name="helper", model=ENGINE, instructions="Be brief.", tools=[get_weather])
    result = await Runner.run(agent, "How is it in Rome?")
    assert result.final_output == "It is sunny.", result.final_output
    assert [item.type for item in result.new_items] == [
        "tool_call_item",
        "tool_call_output_item",
        "message_output_item",
    ]
    streamed = Runner.run_streamed(agent, "How is it in Rome?")
    kinds = {event.type async for event in streamed.stream_events()}
    assert streamed.final_output == "It is sunny.", streamed.final_output
    assert "raw_response_event" in kinds
    print(result.final_output)


asyncio.run(main())
