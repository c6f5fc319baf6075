"""Has a function called by pipecat's own OpenAI service for language models, which asks again with what it gave, and prints what came
of it as JSON. Arguments: the address of the server, its key. Needs `pipecat-ai[openai]==1.14.0`."""

import asyncio
import json
import sys
import time

from pipecat.adapters.llm.schemas.function_schema import FunctionSchema
from pipecat.frames.frames import ErrorFrame, LLMFullResponseEndFrame, LLMRunFrame, LLMTextFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.services.openai.llm import OpenAILLMService
from pipecat.workers.runner import WorkerRunner

WITHIN_SECONDS = 60
url, key = sys.argv[1:]
seen = {"calls": [], "reply": "", "errors": []}
ended = 0


class Watch(FrameProcessor):
    async def process_frame(self, frame, direction):
        global ended
        await super().process_frame(frame, direction)
        if isinstance(frame, LLMTextFrame):
            seen["reply"] += frame.text
        elif isinstance(frame, LLMFullResponseEndFrame):
            ended += 1
        elif isinstance(frame, ErrorFrame):
            seen["errors"].append(str(frame.error))
        await self.push_frame(frame, direction)


async def weather(params):
    seen["calls"].append([params.function_name, dict(params.arguments)])
    await params.result_callback({"weather": "rainy"})


async def main():
    city = {"city": {"type": "string", "description": "name of the city"}}
    schema = FunctionSchema("get_weather", "The current weather in a city", city, ["city"])
    service = OpenAILLMService(
        api_key=key, base_url=url, settings=OpenAILLMService.Settings(model="gpt-4o")
    )
    service.register_function("get_weather", weather)
    question = {"role": "user", "content": "What is the weather in Paris?"}
    context = LLMContextAggregatorPair(LLMContext([question], [schema]))
    worker = PipelineWorker(Pipeline([context.user(), Watch(), service, Watch(), context.assistant()]))
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    running = asyncio.create_task(runner.run())
    await asyncio.sleep(1)
    await worker.queue_frames([LLMRunFrame()])
    until = time.monotonic() + WITHIN_SECONDS
    while ended < 2 and not seen["errors"] and time.monotonic() < until:
        await asyncio.sleep(0.05)
    await worker.cancel()
    await asyncio.wait([running], timeout=5)
    print(json.dumps(seen), flush=True)


asyncio.run(main())
