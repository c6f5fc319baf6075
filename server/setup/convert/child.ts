import { checkMoonshine } from '../moonshine/check.ts'
import { convertGgufToF16 } from './gguf.ts'
import type { ConversionJob, ConversionResult } from './run.ts'
import { convertWhisper } from './whisper.ts'

/** Does the one conversion that its parent sends, tells how it went, and ends. */
process.once('message', async (job: ConversionJob) => {
  process.send?.(await convert(job))
  process.disconnect()
})

async function convert(job: ConversionJob): Promise<ConversionResult> {
  try {
    if (job.kind === 'ct2-to-ggml') convertWhisper(job)
    else if (job.kind === 'gguf-to-f16') convertGgufToF16(job)
    else await checkMoonshine(job)
    return { failure: null }
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException
    return { failure: { message, code } }
  }
}
