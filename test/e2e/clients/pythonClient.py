"""OpenAI's client for Python, given nothing but a base URL and a key; prints what it got as JSON."""

import json
import sys

from openai import NotFoundError, OpenAI

base_url, key, clip = sys.argv[1:]
client = OpenAI(base_url=base_url, api_key=key, max_retries=0)

with open(clip, "rb") as file:
    heard = client.audio.transcriptions.create(model="whisper-1", file=file)
with open(clip, "rb") as file:
    verbose = client.audio.transcriptions.create(
        model="whisper-1", file=file, response_format="verbose_json", timestamp_granularities=["word"]
    )
messages = [{"role": "user", "content": "Say hello."}]
chunks = client.chat.completions.create(
    model="gpt-4o", messages=messages, max_tokens=20, stream=True, stream_options={"include_usage": True}
)
text, usage = "", None
for chunk in chunks:
    for choice in chunk.choices:
        text += choice.delta.content or ""
    usage = chunk.usage or usage
with client.audio.speech.with_streaming_response.create(
    model="tts-1", voice="alloy", input="Hello there.", response_format="pcm"
) as response:
    spoken = sum(len(part) for part in response.iter_bytes())
try:
    client.models.retrieve("nobody/nothing")
    code = None
except NotFoundError as error:
    code = error.code
models = [model.id for model in client.models.list()]
print(
    json.dumps(
        {
            "text": heard.text,
            "words": [word.word for word in verbose.words],
            "reply": text,
            "tokens": usage.completion_tokens,
            "spokenBytes": spoken,
            "code": code,
            "models": models,
        }
    )
)
