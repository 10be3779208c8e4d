"""langchain-openai with its defaults: a bot, an engine with a function, a stream, a typed answer."""

import sys

from langchain_core.messages import ToolMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from pydantic import BaseModel, Field

ENGINE, DECODER = sys.argv[1:]


@tool
def get_weather(city: str) -> str:
    """The weather of a city."""
    return f"sunny in {city}"


class Town(BaseModel):
    """A town."""

    name: str = Field(max_length=4)


bot = ChatOpenAI(model="parley")
assert bot.invoke("hello bot").content.startswith("You said: hello bot")
assert "".join(chunk.content for chunk in bot.stream("hello again")).startswith("You said: hello again")
model = ChatOpenAI(model=ENGINE).bind_tools([get_weather])
asked = [("user", "How is it in Rome?")]
called = model.invoke(asked)
assert [(call["name"], call["args"]) for call in called.tool_calls] == [("get_weather", {"city": "Rome"})]
results = [ToolMessage(get_weather.invoke(call["args"]), tool_call_id=call["id"]) for call in called.tool_calls]
assert model.invoke([*asked, called, *results]).content == "It is sunny."
chunks = list(model.stream(asked))
whole = sum(chunks[1:], chunks[0])
assert whole.tool_calls[0]["args"] == {"city": "Rome"}
town = (
    ChatOpenAI(model=DECODER, max_tokens=200)
    .with_structured_output(Town, method="function_calling")
    .invoke("Name a town.")
)
assert isinstance(town, Town)
print(town)
