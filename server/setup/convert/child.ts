import { convertGgufToF16 } from './gguf.ts'
import type { ConversionJob, ConversionResult } from './run.ts'
import { convertWhisper } from './whisper.ts'

/** Does the one conversion that its parent sends, tells how it went, and ends. */
process.once('message', (job: ConversionJob) => {
  process.send?.(convert(job))
  process.disconnect()
})

function convert(job: ConversionJob): ConversionResult {
  try {
    if (job.kind === 'ct2-to-ggml') convertWhisper(job)
    else convertGgufToF16(job)
    return { failure: null }
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException
    return { failure: { message, code } }
  }
}
