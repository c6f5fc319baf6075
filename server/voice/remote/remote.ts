import { authorizationFor } from '../../credentials.ts'
import { QuantvoxError } from '../../errors.ts'
import { viaProxy } from '../../proxies.ts'
import { responseText } from '../../responseText.ts'
import { serverVoice } from '../serverVoice.ts'
import { hasLetterOrDigit } from '../speakable.ts'
import type { ServerVoice } from '../voice.ts'
import { createPcmReader } from './remotePcm.ts'

export type RemoteVoiceOptions = {
  /** Base URL of a server with `POST /v1/audio/speech`, with or without `/v1`. */
  url: string
  /** As in `remote:<voice>`; `model/voice` names the server's model too. */
  voice: string
  /** The longest silence of the server before and between bytes. */
  timeoutMs?: number
}

/** The rate of `response_format: "pcm"` (OpenAI's API reference, "Create speech"): 24 kHz, 16 bit, little-endian. */
const OPEN_AI_SAMPLE_RATE = 24_000

/** A clause has 2,000 letters at most, which are said in little more than two minutes; a server that goes on is left. */
const MAX_CLAUSE_SECONDS = 300
/** All waits for the server together, of one clause. */
const MAX_WAITS_MS = 120_000
const MAX_REFUSAL_BYTES = 64 * 2 ** 10

/** `https://host/v1` and `https://host` alike. */
export function speechUrl(url: string): string {
  return `${url.replace(/\/+$/, '').replace(/\/v1$/, '')}/v1/audio/speech`
}

/** `model/voice` in its parts; the model's name may hold slashes. Without a model, OpenAI's own name for it. */
export function modelAndVoice(voice: string): { model: string; voice: string } {
  const slash = voice.lastIndexOf('/')
  if (slash === -1) return { model: 'tts-1', voice }
  return { model: voice.slice(0, slash), voice: voice.slice(slash + 1) }
}

/** A voice of an OpenAI-shaped speech server; audio is passed on as it streams in. */
export function remoteVoice(options: RemoteVoiceOptions): ServerVoice {
  const { timeoutMs = 15_000 } = options
  const address = speechUrl(options.url)
  const { model, voice } = modelAndVoice(options.voice)

  const timedOut = () =>
    new QuantvoxError(
      'engine_timeout',
      `The speech server at ${options.url} was silent for ${timeoutMs} ms.`,
      {
        meaning: 'What it did not say of the reply can only be read.',
        mend: 'Try again, or choose another voice.',
      },
    )

  const failed = (what: string, cause?: unknown) =>
    new QuantvoxError('engine_failed', `The speech server at ${options.url} ${what}.`, {
      meaning: 'What it did not say of the reply can only be read.',
      mend: `Check that it knows the model "${model}" and the voice "${voice}" (remote:<model>/<voice>).`,
      ...(cause === undefined ? {} : { cause }),
    })

  const asked = {
    name: `remote:${options.voice}`,
    languages: null,
    pronounces: hasLetterOrDigit,
    saysAll: () => true,
  }
  return serverVoice(asked, async function* (clause, signal) {
    signal.throwIfAborted()
    const silence = new AbortController()
    const waitForServer = () => setTimeout(() => silence.abort(), timeoutMs)
    let patience = waitForServer()
    const either = AbortSignal.any([signal, silence.signal])
    let answered = false
    let [seconds, waitedMs, waitingSince] = [0, 0, performance.now()]
    try {
      const answer = await fetch(address, {
        method: 'POST',
        headers: { ...authorizationFor(address), 'content-type': 'application/json' },
        body: JSON.stringify({ model, voice, input: clause, response_format: 'pcm' }),
        signal: either,
      })
      answered = true
      const type = answer.headers.get('content-type') ?? ''
      if (!answer.ok || answer.body === null) {
        throw failed(
          `answered with status ${answer.status}: ${(await responseText(answer, MAX_REFUSAL_BYTES)).slice(0, 200)}`,
        )
      }
      if (/json|text\//.test(type)) throw failed(`sent ${type} and no audio`)
      const reader = createPcmReader(Number(/rate=(\d+)/.exec(type)?.[1] ?? OPEN_AI_SAMPLE_RATE))
      for await (const bytes of answer.body) {
        // Only the server's silence counts, not the time that the listener takes.
        clearTimeout(patience)
        waitedMs += performance.now() - waitingSince
        const audio = reader.push(bytes)
        seconds += audio === null ? 0 : audio.samples.length / audio.sampleRate
        if (seconds > MAX_CLAUSE_SECONDS)
          throw failed(`sent more than ${MAX_CLAUSE_SECONDS} s of audio for one clause`)
        if (waitedMs > MAX_WAITS_MS) throw failed(`took more than ${MAX_WAITS_MS / 1000} s for one clause`)
        if (audio !== null) yield audio
        waitingSince = performance.now()
        patience = waitForServer()
      }
      if (!reader.heardAnything()) throw failed('sent no audio')
    } catch (error) {
      signal.throwIfAborted()
      if (silence.signal.aborted) throw timedOut()
      if (error instanceof QuantvoxError) throw error
      if (answered) throw failed('broke off in the middle', error)
      throw new QuantvoxError(
        'engine_unavailable',
        `No speech server answers at ${options.url}${viaProxy(options.url)}.`,
        {
          meaning: 'Replies cannot be spoken by this voice.',
          mend: 'Start it, or choose another voice.',
          cause: error,
        },
      )
    } finally {
      clearTimeout(patience)
    }
  })
}
