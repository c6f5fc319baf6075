"""Has a function called through chat by OpenAI's client for Python, as it is, and the answer streamed; prints what came as JSON.

python_functions.py URL KEY
"""

import json
import sys

from openai import OpenAI

base_url, key = sys.argv[1:]
client = OpenAI(base_url=base_url, api_key=key, max_retries=0)
weather = {
    "name": "get_weather",
    "description": "The current weather in a city",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string", "description": "name of the city"}},
        "required": ["city"],
    },
}
instructions = (
    "You are a kind assistant of somebody in Oslo. "
    "Call the tool once; then answer with what it said, in one short sentence."
)
messages = [
    {"role": "system", "content": instructions},
    {"role": "user", "content": "What's the weather like?"},
]
wanted = {
    "model": "gpt-4o",
    "tools": [{"type": "function", "function": weather}],
    "temperature": 0,
    "seed": 1,
    "max_tokens": 60,
}
choice = client.chat.completions.create(messages=messages, **wanted).choices[0]
call = choice.message.tool_calls[0]
messages += [
    choice.message,
    {
        "role": "tool",
        "tool_call_id": call.id,
        "content": json.dumps({"weather": "snow", "temperature": -17}, separators=(",", ":")),
    },
]
reply, finish = "", None
for chunk in client.chat.completions.create(messages=messages, tool_choice="none", stream=True, **wanted):
    for part in chunk.choices:
        reply += part.delta.content or ""
        finish = part.finish_reason or finish
print(
    json.dumps(
        {
            "called": [choice.finish_reason, choice.message.content, call.type, call.function.name],
            "arguments": json.loads(call.function.arguments),
            "reply": reply,
            "finish": finish,
        }
    )
)
