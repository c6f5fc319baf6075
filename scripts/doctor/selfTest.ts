import pino from 'pino'
import Type, { type Static, type TSchema } from 'typebox'
import Value from 'typebox/value'
import { encodeWav } from '../../server/audio/encodeWav.ts'
import type { Config } from '../../server/config.ts'
import { createFlite } from '../../server/engines/flite/flite.ts'
import { QuantvoxError, toQuantvoxError } from '../../server/errors.ts'
import { ServerInfo } from '../../server/protocol/info.ts'
import { LanguageModel } from '../../server/protocol/models.ts'
import { TurnAnswer } from '../../server/protocol/turns.ts'
import {
  findEndOfTurn,
  findOllama,
  findWhisper,
  voiceInTime,
  voicePackage,
} from '../../server/setup/index.ts'
import { provisionFrom } from '../../server/setup/provision.ts'
import { type ServerForCommand, serverForCommand } from '../commands/server.ts'
import type { Facts } from './facts.ts'
import { type Finding, finding } from './finding.ts'
import { examineGpu } from './gpu.ts'
import { wholeSpeechLevel } from './models.ts'
import { examineSimd } from './simd.ts'

/** About two seconds when flite says it. */
const QUESTION = 'What is the weather like today?'
const LanguageModels = Type.Object({ items: Type.Array(LanguageModel) })

/**
 * Asks a two-second question, spoken by flite, of the running server, else of one started for it, and looks at what only a
 * server that has answered knows. The turn is forgotten afterwards. Nothing is fetched: what is missing fails it, and
 * there is no turn then. `language` is the model that answered, as it is loaded now.
 */
export async function selfTest(config: Config, facts: Facts, signal: AbortSignal) {
  const what = 'self-test turn'
  const why = 'A spoken question and its answer are what the server is for.'
  try {
    const question = await spoken(signal)
    const server = await serverForCommand(config, signal, {
      provision: withoutFetching(config.CACHE_DIR, signal),
      log: pino({ level: 'silent' }),
    })
    try {
      const answer = await ask(server, question)
      const answered = finding(what, told(answer), wrongIn(answer), why)
      const { findings, models } = await afterwards(server, facts)
      const language = models.find(({ name }) => name === answer.timings.llm.model) ?? null
      return { findings: [...findings, answered], turn: answer.timings, language }
    } finally {
      await server.stop()
    }
  } catch (error) {
    signal.throwIfAborted()
    const { message, mend = 'Look at the server log.' } = toQuantvoxError(error)
    return { findings: [finding(what, message, { state: 'wrong', mend }, why)], turn: null, language: null }
  }
}

async function spoken(signal: AbortSignal): Promise<File> {
  const flite = createFlite({ log: pino({ level: 'silent' }) })
  try {
    const { samples, sampleRate } = await flite.speak(QUESTION, 'slt', signal)
    return new File([new Uint8Array(encodeWav(samples, sampleRate))], 'question.wav')
  } finally {
    await flite.stop()
  }
}

async function ask(server: ServerForCommand, question: File): Promise<TurnAnswer> {
  const form = new FormData()
  form.append('audio', question)
  const answer = await json(server, '/v1/turns', TurnAnswer, { method: 'POST', body: form })
  await server.request(`/v1/turns/${answer.turnId}`, { method: 'DELETE' }).catch(() => {
    // It was not recorded; what is wrong with the record is said elsewhere.
  })
  return answer
}

const unspoken = ({ hints = [] }: TurnAnswer) => hints.find(({ hint }) => hint === 'not-spoken')

function told(answer: TurnAnswer): string {
  const { timings, transcript } = answer
  const { speech, fromSpeechEnd } = timings
  const ms = (value: number | null) => (value === null ? '–' : `${Math.round(value)} ms`)
  return [
    `${((speech.audioMs ?? 0) / 1000).toFixed(1)} s of speech were heard as "${transcript}"`,
    `transcript after ${ms(fromSpeechEnd.transcriptMs)}, first token ${ms(fromSpeechEnd.firstTokenMs)}, first audio ${ms(fromSpeechEnd.firstAudioMs)}, reply done ${ms(fromSpeechEnd.replyDoneMs)}`,
    ...[unspoken(answer)?.message ?? []].flat(),
  ].join('; ')
}

function wrongIn(answer: TurnAnswer): { state: 'wrong'; mend: string } | null {
  const mend = /weather/i.test(answer.transcript)
    ? unspoken(answer)?.mend
    : `Choose another SPEECH_MODEL: "${QUESTION}" was said.`
  return mend === undefined ? null : { state: 'wrong', mend }
}

/** What the engines and the record are like, now that they have worked. */
async function afterwards(
  server: ServerForCommand,
  facts: Facts,
): Promise<{ findings: Finding[]; models: LanguageModel[] }> {
  const [info, models] = await Promise.all([
    json(server, '/v1/info', ServerInfo),
    json(server, '/v1/models/language', LanguageModels),
  ])
  const ollama = info.engines.find(({ name }) => name === 'ollama')
  const findings = [
    examineSimd('Ollama', ollama?.cpuFeatures ?? null, facts.cpuFlags),
    examineGpu(models.items, facts),
    ...(info.record.detail === null
      ? []
      : [
          finding(
            'record of the running server',
            info.record.detail,
            { state: 'wrong', mend: 'Mend what it says; the server tries again every few seconds.' },
            'Turns that the record does not take are lost at the next stop.',
          ),
        ]),
  ]
  return { findings, models: models.items }
}

async function json<S extends TSchema>(
  server: ServerForCommand,
  path: string,
  schema: S,
  init: RequestInit = {},
): Promise<Static<S>> {
  const body: unknown = await (await server.request(path, init)).json()
  if (Value.Check(schema, body)) return body
  throw new QuantvoxError(
    'engine_failed',
    `What the server sent for ${path} is not what this version expects.`,
    { mend: 'Restart the server, so that it is the same version as this command.' },
  )
}

/** What is here already; the doctor changes nothing. */
function withoutFetching(cacheDir: string, signal: AbortSignal): ReturnType<typeof provisionFrom> {
  const context = { cacheDir, onProgress: () => {}, signal }
  const missing = (what: string) =>
    new QuantvoxError('engine_unavailable', `${what} is not here, or not whole, so no turn was tried.`, {
      mend: 'Run "npx quantvox setup", or just start: the server gets it.',
    })
  async function here<T>(what: string, found: Promise<T | null>): Promise<T> {
    const it = await found
    if (it === null) throw missing(what)
    return it
  }
  const all = provisionFrom(cacheDir)
  return {
    ...all,
    whisper: () => here('whisper-server', findWhisper(context)),
    ollama: () => here('Ollama', findOllama(context)),
    speechLevel: name => here(name, wholeSpeechLevel(cacheDir, name, signal)),
    endOfTurn: () => here('The model of the end of turns', findEndOfTurn(context)),
    voice: name => here(name, voiceInTime(voicePackage(name), context)),
    async languageModel(tag) {
      throw missing(tag)
    },
  }
}
