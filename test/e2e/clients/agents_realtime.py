"""The realtime session of `openai-agents`, as it is: asks a recorded question, has a function called, hears the answers.

agents_realtime.py URL KEY CLIP, which is PCM at 24 kHz
"""

import asyncio
import json
import sys

from agents import function_tool
from agents.realtime import RealtimeAgent, RealtimeRunner

url, key, path = sys.argv[1:]
seen = {"audioBytes": 0, "places": [], "errors": [], "history": []}


@function_tool
def weather(place: str) -> str:
    """The weather of a place."""
    seen["places"].append(place)
    return "rainy"


async def main() -> None:
    agent = RealtimeAgent(name="Assistant", instructions="Be kind.", tools=[weather])
    runner = RealtimeRunner(agent)
    session = await runner.run(model_config={"api_key": key, "url": url})
    async with session:
        with open(path, "rb") as file:
            await session.send_audio(file.read())
        asked = 0
        async for event in session:
            if event.type == "audio":
                seen["audioBytes"] += len(event.audio.data)
            elif event.type == "error":
                seen["errors"].append(str(event.error))
            elif event.type == "history_updated":
                seen["history"] = [item.model_dump() for item in event.history]
            elif event.type == "agent_end":
                asked += 1
                if asked == 1:
                    await session.send_message("How is the weather in Paris?")
                elif "rainy." in json.dumps(seen["history"]):
                    break


asyncio.run(asyncio.wait_for(main(), 60))
json.dump(seen, sys.stdout)
