"""litellm as a client: a bot, a stream, a function."""

import sys

import litellm

ENGINE = sys.argv[1]
TOOL = {
    "type": "function",
    "function": {"name": "get_weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}},
}
asked = [{"role": "user", "content": "hello bot"}]

answer = litellm.completion(model="openai/parley", messages=asked)
assert answer.choices[0].message.content.startswith("You said: hello bot")
pieces = litellm.completion(model="openai/parley", messages=asked, stream=True)
assert "".join(piece.choices[0].delta.content or "" for piece in pieces).startswith("You said: hello bot")
called = litellm.completion(model=f"openai/{ENGINE}", messages=asked, tools=[TOOL])
message = called.choices[0].message
assert message.tool_calls[0].function.arguments == '{"city":"Rome"}'
result = {"role": "tool", "tool_call_id": message.tool_calls[0].id, "content": "sunny"}
again = litellm.completion(model=f"openai/{ENGINE}", messages=[*asked, message.model_dump(), result], tools=[TOOL])
assert again.choices[0].message.content == "It is sunny."
print(again.choices[0].message.content)
