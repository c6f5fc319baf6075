"""faster-whisper for `npm run bench:recognizers`: holds one model, takes the path of a WAV (16 kHz, mono, 16 bits) a line and
answers with a line of JSON each, {"text", "ms"}. Timed is what its library's user waits for: mel, encoder and decoder, not
reading the file. Says {"ready"} with its versions first."""

import argparse
import json
import sys
import time
import wave

import ctranslate2
import faster_whisper
import numpy as np

parser = argparse.ArgumentParser()
parser.add_argument("--model", required=True)
parser.add_argument("--threads", type=int, required=True)
arguments = parser.parse_args()

model = faster_whisper.WhisperModel(
    arguments.model, device="cpu", compute_type="int8", cpu_threads=arguments.threads, local_files_only=True
)
versions = f"faster-whisper {faster_whisper.__version__}, CTranslate2 {ctranslate2.__version__}"
print(json.dumps({"ready": versions}), flush=True)

for line in sys.stdin:
    with wave.open(line.strip()) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), np.int16).astype(np.float32) / 32768
    started = time.perf_counter()
    segments, _ = model.transcribe(samples, language="en", beam_size=1)
    text = "".join(segment.text for segment in segments).strip()
    print(json.dumps({"text": text, "ms": (time.perf_counter() - started) * 1000}), flush=True)
