"""Hears a WAV (16 kHz, mono, 16-bit) by both of pipecat's own OpenAI services for that, over REST and as a transcription session, has
its service for speech say a sentence, and prints what came of it as JSON. Arguments: the address of the server, its key, the WAV.
Needs `pipecat-ai[openai]==1.14.0` and `websockets`."""

import asyncio
import json
import sys
import time
import wave

from pipecat.frames.frames import (
    ErrorFrame,
    InputAudioRawFrame,
    TranscriptionFrame,
    TTSAudioRawFrame,
    TTSSpeakFrame,
    TTSStoppedFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.services.openai.stt import OpenAIRealtimeSTTService, OpenAISTTService
from pipecat.services.openai.tts import OpenAITTSService
from pipecat.workers.runner import WorkerRunner

RATE = 16_000
FRAME_BYTES = 640  # 20 ms
WITHIN_SECONDS = 60
url, key, path = sys.argv[1:]


class Watch(FrameProcessor):
    def __init__(self):
        super().__init__()
        self.seen = {"transcripts": [], "audioBytes": 0, "rate": None, "stopped": 0, "errors": []}

    async def process_frame(self, frame, direction):
        await super().process_frame(frame, direction)
        if isinstance(frame, TranscriptionFrame):
            self.seen["transcripts"].append(frame.text)
        elif isinstance(frame, TTSAudioRawFrame):
            self.seen["audioBytes"] += len(frame.audio)
            self.seen["rate"] = frame.sample_rate
        elif isinstance(frame, TTSStoppedFrame):
            self.seen["stopped"] += 1
        elif isinstance(frame, ErrorFrame):
            self.seen["errors"].append(str(frame.error))
        await self.push_frame(frame, direction)


async def through(service, send, is_done):
    """What came of the frames that `send` queues, by a service in a pipeline of its own."""
    before, behind = Watch(), Watch()
    worker = PipelineWorker(Pipeline([before, service, behind]))
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    running = asyncio.create_task(runner.run())
    await asyncio.sleep(1)
    await send(worker)
    until = time.monotonic() + WITHIN_SECONDS
    errors = before.seen["errors"]
    while not is_done(behind.seen) and not errors and time.monotonic() < until:
        await asyncio.sleep(0.05)
    await worker.cancel()
    await asyncio.wait([running], timeout=5)
    return {**behind.seen, "errors": errors + behind.seen["errors"]}


async def say(worker):
    with wave.open(path) as clip:
        pcm = clip.readframes(clip.getnframes())
    await worker.queue_frames([VADUserStartedSpeakingFrame()])
    for at in range(0, len(pcm), FRAME_BYTES):
        audio = pcm[at : at + FRAME_BYTES].ljust(FRAME_BYTES, b"\0")
        await worker.queue_frames([InputAudioRawFrame(audio=audio, sample_rate=RATE, num_channels=1)])
        await asyncio.sleep(0.02)
    await worker.queue_frames([VADUserStoppedSpeakingFrame()])


async def speak(worker):
    await worker.queue_frames([TTSSpeakFrame("Good evening.")])


async def main():
    heard = lambda seen: len(seen["transcripts"]) > 0
    spoken = lambda seen: seen["stopped"] > 0
    socket = url.replace("http", "ws", 1) + "/realtime"
    print(
        json.dumps(
            {
                "rest": await through(OpenAISTTService(api_key=key, base_url=url), say, heard),
                "session": await through(OpenAIRealtimeSTTService(api_key=key, base_url=socket), say, heard),
                "speech": await through(OpenAITTSService(api_key=key, base_url=url), speak, spoken),
            }
        ),
        flush=True,
    )


asyncio.run(main())
