"""Asks a Wyoming server what Home Assistant asks, in its order, a connection each, with the client that it uses, and prints what came
of it as JSON. Arguments: host, port, a WAV (16-bit). Needs `wyoming==1.10.2`."""

import asyncio
import json
import sys
import wave

from wyoming.asr import Transcribe, Transcript
from wyoming.audio import AudioChunk, AudioStart, AudioStop, wav_to_chunks
from wyoming.client import AsyncTcpClient
from wyoming.error import Error
from wyoming.handle import Handled
from wyoming.info import Describe, Info
from wyoming.ping import Ping, Pong
from wyoming.tts import Synthesize, SynthesizeChunk, SynthesizeStart, SynthesizeStop, SynthesizeStopped, SynthesizeVoice

HOST, PORT, CLIP = sys.argv[1], int(sys.argv[2]), sys.argv[3]


async def until(client, last, types=None):
    """The events up to the one that ends an answer."""
    events = []
    while True:
        event = await client.read_event()
        if event is None or Error.is_type(event.type):
            raise RuntimeError(f"no answer: {event}")
        events.append(event)
        if types is not None and event.type not in types[-1:]:
            types.append(event.type)
        if last.is_type(event.type):
            return events


async def ask(request, last):
    async with AsyncTcpClient(HOST, PORT) as client:
        await client.write_event(request.event())
        return await until(client, last)


async def transcribe(chunks, types=None):
    async with AsyncTcpClient(HOST, PORT) as client:
        await client.write_event(Transcribe(language="en").event())
        for chunk in chunks:
            await client.write_event(chunk.event())
        events = await until(client, Transcript, types)
        return Transcript.from_event(events[-1]).text


def spoken(events):
    return [AudioChunk.from_event(event) for event in events if AudioChunk.is_type(event.type)]


async def hear(chunks):
    """What the server itself hears in what it said."""
    first = chunks[0]
    return await transcribe([AudioStart(first.rate, first.width, first.channels), *chunks, AudioStop()])


async def speak_in_parts(parts, voice, types):
    async with AsyncTcpClient(HOST, PORT) as client:

        async def write():
            await client.write_event(SynthesizeStart(voice=voice).event())
            for part in parts:
                await client.write_event(SynthesizeChunk(text=part).event())
            await client.write_event(Synthesize(text="".join(parts), voice=voice).event())
            await client.write_event(SynthesizeStop().event())

        writing = asyncio.create_task(write())
        events = await until(client, SynthesizeStopped, types)
        await writing
        return spoken(events)


async def main():
    info = Info.from_event((await ask(Describe(), Info))[-1])
    pong = Pong.from_event((await ask(Ping(text="あ"), Pong))[-1])
    types = {"asr": [], "tts": []}
    with wave.open(CLIP) as clip:
        chunks = list(wav_to_chunks(clip, 512, start_event=True, stop_event=True))
    text = await transcribe(chunks, types["asr"])
    voice = SynthesizeVoice(name=info.tts[0].voices[0].name)
    said = spoken(await ask(Synthesize(text="What's the weather like?", voice=voice), AudioStop))
    parts = await speak_in_parts(["What's the", " weather like", "? Good evening", "."], voice, types["tts"])
    handled = []
    for question in ["Where is Köln?", "And now?"]:
        context = {"conversation_id": "01JD2ABCDEF"}
        answer = await ask(Transcript(text=question, language="en", context=context), Handled)
        handled.append(Handled.from_event(answer[-1]))
    # Several at once, as in a house with many rooms.
    together = await asyncio.gather(*(transcribe(chunks) for _ in range(4)))
    print(
        json.dumps(
            {
                "asr": [model.name for model in info.asr[0].models][:1],
                "voice": voice.name,
                "handle": info.handle[0].models[0].name,
                "languages": info.tts[0].voices[0].languages,
                "pong": pong.text,
                "text": text,
                "said": await hear(said),
                "saidInParts": await hear(parts),
                "handled": [answer.text[:60] for answer in handled],
                "conversation": handled[1].context,
                "together": together,
                "types": types,
            },
            ensure_ascii=False,
        )
    )


asyncio.run(main())
