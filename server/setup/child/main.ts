import { setApart } from '../../credentials.ts'
import { QuantvoxError, toQuantvoxError } from '../../errors.ts'
import { useProxies } from '../../proxies.ts'
import {
  ensureEndOfTurn,
  ensureLanguageModel,
  ensureOllama,
  ensureSpeechModel,
  ensureVoiceInTime,
  ensureWakeWord,
  ensureWhisper,
  tuneWhisper,
  voicePackage,
} from '../index.ts'
import type { SetupContext } from '../types.ts'
import type { Job, Order, Said } from './run.ts'

/** Does the one job that its parent sends, tells how it goes, and ends; gives up when the parent is gone. */
const ending = new AbortController()
process.once('disconnect', () => {
  ending.abort(new QuantvoxError('shutting_down', 'Nobody waits for it any more.'))
})
// A terminal sends them to all of a group: the parent decides.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})

process.once('message', ({ job, cacheDir }: Order) => {
  const context: SetupContext = {
    cacheDir,
    signal: ending.signal,
    onProgress: progress => say({ progress }),
  }
  void work(job, context).then(
    done => end({ done }),
    (error: unknown) => {
      const { code, message, meaning, mend } = toQuantvoxError(error)
      const cause = error instanceof Error ? (error.stack ?? error.message) : String(error)
      end({ failed: { code, message, meaning, mend }, cause })
    },
  )
})

async function work(job: Job, context: SetupContext) {
  const ollamaUrl = job.kind === 'language' ? setApart(job.ollamaUrl) : ''
  useProxies(process.env, ollamaUrl === '' ? [] : [ollamaUrl])
  switch (job.kind) {
    case 'whisper':
      await ensureWhisper(context)
      await tuneWhisper(context)
      return ensureWhisper(context)
    case 'ollama':
      return ensureOllama(context)
    case 'speech': {
      const level = await ensureSpeechModel(job.name, context)
      await tuneWhisper(context)
      return level
    }
    case 'endOfTurn':
      return ensureEndOfTurn(context)
    case 'voice':
      return ensureVoiceInTime(voicePackage(job.name), context)
    case 'wakeWord':
      await ensureWakeWord(job.name, context)
      return null
    case 'language':
      await ensureLanguageModel(job.tag, ollamaUrl, context)
      return null
  }
}

function say(said: Said, then = () => {}): void {
  if (process.connected) process.send?.(said, then)
  else then()
}

/** Connections that are kept open would keep it, too. */
const end = (said: Said) => say(said, () => process.exit())
