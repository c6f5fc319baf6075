import { errorTable } from '../../../server/errors.ts'
import { ask } from '../../../test/support/http.ts'
import { createTestApp } from '../../../test/support/testApp.ts'
import type { Attack, Outcome } from '../attack.ts'
import { soundFiles } from './soundFiles.ts'
import { spoiled } from './spoil.ts'

/** Codes that say that it is the file's fault. */
const refusals: readonly string[] = ['audio_invalid', 'too_large', 'unsupported_media_type']

/**
 * `POST /v1/turns` with spoiled sound files: each is heard, or refused by an error that says it is the file's fault, and has
 * one row.
 */
export const wavAttack: Attack = {
  name: 'wavs',
  description: 'Uploads sound files that are spoiled at random',
  shortCount: 2000,
  async start() {
    const files = await soundFiles()
    // Decoding is what is attacked: what follows it ends at once.
    const { app, stages } = await createTestApp({
      script: { speechMs: 0 },
      settings: { LOG_LEVEL: 'silent' },
    })
    await ask(app)
    await stages.store.deleteBefore(new Date(Date.now() + 60_000))
    return {
      async attempt(dice) {
        const outcome = judged(await ask(app, {}, new Uint8Array(spoiled(files, dice))))
        // Taken out, because here the record is in memory.
        const rows = await stages.store.deleteBefore(new Date(Date.now() + 60_000))
        return rows.length === 1 ? outcome : { ...outcome, fault: `${rows.length} rows were written` }
      },
      stop: () => app.close(),
    }
  },
}

function judged({ statusCode, headers, body }: Awaited<ReturnType<typeof ask>>): Outcome {
  if (statusCode === 200) return { ending: 'heard', fault: null }
  const type = String(headers['content-type'])
  const { code, detail, mend } = type.startsWith('application/problem+json') ? JSON.parse(body) : {}
  const isRefusal = refusals.includes(code) && statusCode === errorTable[code as keyof typeof errorTable].http
  const isTold = typeof detail === 'string' && detail !== '' && typeof mend === 'string'
  return {
    ending: `${statusCode} ${code}`,
    fault: isRefusal && isTold ? null : `answered ${statusCode} with ${body.slice(0, 300)}`,
  }
}
