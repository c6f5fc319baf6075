import { workerData } from 'node:worker_threads'
import { convertGgufToF16 } from './gguf.ts'
import type { ConversionJob } from './run.ts'
import { convertWhisper } from './whisper.ts'

/** Does one conversion and ends; a failure is the worker's `error` event. */
const job = workerData as ConversionJob
if (job.kind === 'ct2-to-ggml') convertWhisper(job)
else convertGgufToF16(job)
