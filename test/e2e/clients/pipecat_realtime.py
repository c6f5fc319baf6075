"""Speaks a WAV (16 kHz, mono, 16-bit) twice, the second time over the answer, through pipecat's own OpenAI Realtime service, and
prints what came of it as JSON. Arguments: the address of /v1/realtime, the WAV. Needs `pipecat-ai[openai]==1.14.0` and `websockets`."""

import asyncio
import json
import sys
import time
import wave

from pipecat.frames.frames import (
    ErrorFrame,
    InputAudioRawFrame,
    InterruptionFrame,
    TranscriptionFrame,
    TTSAudioRawFrame,
    TTSStoppedFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.services.openai.realtime import events
from pipecat.services.openai.realtime.llm import OpenAIRealtimeLLMService
from pipecat.workers.runner import WorkerRunner

RATE = 16_000
FRAME_BYTES = 640  # 20 ms
WITHIN_SECONDS = 90
seen = {"transcripts": [], "audioBytes": 0, "rate": None, "interruptions": 0, "stopped": 0, "errors": []}


class Watch(FrameProcessor):
    async def process_frame(self, frame, direction):
        await super().process_frame(frame, direction)
        if isinstance(frame, TranscriptionFrame):
            seen["transcripts"].append(frame.text)
        elif isinstance(frame, TTSAudioRawFrame):
            seen["audioBytes"] += len(frame.audio)
            seen["rate"] = frame.sample_rate
        elif isinstance(frame, InterruptionFrame):
            seen["interruptions"] += 1
        elif isinstance(frame, TTSStoppedFrame):
            seen["stopped"] += 1
        elif isinstance(frame, ErrorFrame):
            seen["errors"].append(str(frame.error))
        await self.push_frame(frame, direction)


async def main(url, path):
    heard = events.AudioInput(
        transcription=events.InputAudioTranscription(), turn_detection=events.TurnDetection()
    )
    properties = events.SessionProperties(
        audio=events.AudioConfiguration(input=heard), max_output_tokens=24
    )
    settings = OpenAIRealtimeLLMService.Settings(
        session_properties=properties, system_instruction="Answer in one short sentence."
    )
    service = OpenAIRealtimeLLMService(api_key="any", base_url=url, settings=settings)
    context = LLMContextAggregatorPair(LLMContext([]))
    worker = PipelineWorker(Pipeline([context.user(), Watch(), service, Watch(), context.assistant()]))
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    running = asyncio.create_task(runner.run())
    await asyncio.sleep(1)

    async def speak(frames):
        began = time.monotonic()
        for count, audio in enumerate(frames):
            frame = InputAudioRawFrame(audio=audio, sample_rate=RATE, num_channels=1)
            await worker.queue_frames([frame])
            await asyncio.sleep(max(0, began + (count + 1) * 0.02 - time.monotonic()))

    async def silence_until(is_so):
        until = time.monotonic() + WITHIN_SECONDS
        while not is_so() and not seen["errors"] and time.monotonic() < until:
            await speak([bytes(FRAME_BYTES)])

    with wave.open(path) as clip:
        pcm = clip.readframes(clip.getnframes())
    said = [pcm[at : at + FRAME_BYTES].ljust(FRAME_BYTES, b"\0") for at in range(0, len(pcm), FRAME_BYTES)]
    await speak(said)
    await silence_until(lambda: seen["audioBytes"] > 0)
    before = seen["audioBytes"]
    await speak(said)
    await silence_until(lambda: len(seen["transcripts"]) == 2 and seen["audioBytes"] > before)
    await silence_until(lambda: seen["stopped"] > 0)
    print(json.dumps(seen), flush=True)
    await worker.cancel()
    await asyncio.wait([running], timeout=5)


asyncio.run(main(*sys.argv[1:]))
