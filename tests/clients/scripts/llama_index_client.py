"""llama-index: a bot, a stream, a function."""

import os
import sys

from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.tools import FunctionTool
from llama_index.llms.openai_like import OpenAILike

ENGINE = sys.argv[1]
KNOWN = {"api_base": os.environ["OPENAI_BASE_URL"], "api_key": os.environ["OPENAI_API_KEY"], "is_chat_model": True}


def get_weather(city: str) -> str:
    """The weather of a city."""
    return f"sunny in {city}"


bot = OpenAILike(model="parley", **KNOWN)
asked = [ChatMessage(role="user", content="hello bot")]
assert bot.chat(asked).message.content.startswith("You said: hello bot")
assert list(bot.stream_chat(asked))[-1].message.content.startswith("You said: hello bot")
model = OpenAILike(model=ENGINE, is_function_calling_model=True, **KNOWN)
tool = FunctionTool.from_defaults(get_weather)
called = model.chat_with_tools([tool], user_msg="How is it in Rome?")
assert model.get_tool_calls_from_response(called)[0].tool_kwargs == {"city": "Rome"}
answer = model.predict_and_call([tool], user_msg="How is it in Rome?")
assert answer.response == "sunny in Rome"
print(answer.response)
