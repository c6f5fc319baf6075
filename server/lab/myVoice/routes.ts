import type { FastifyPluginAsync, FastifyRequest } from 'fastify'
import Type from 'typebox'
import { decodeAudio } from '../../audio/decodeAudio.ts'
import type { DecodedAudio } from '../../audio/decodedAudio.ts'
import { json, problems } from '../../doors/rest/answers.ts'
import { atOnce } from '../../doors/rest/atOnce.ts'
import { clientSignal } from '../../doors/rest/clientSignal.ts'
import { readForm, refused } from '../../doors/rest/form.ts'
import { strictValidator } from '../../doors/rest/strictValidator.ts'
import { QuantvoxError } from '../../errors.ts'
import type { SpeechModel } from '../../protocol/models.ts'
import { MyVoice, MyVoiceHeard } from '../../protocol/myVoice.ts'
import { recognizeClip } from '../../recognition/recognizer.ts'
import type { Stages } from '../../session/stages.ts'
import { textErrors } from '../judging/words/errorRate.ts'
import { createRecordings } from './recordings.ts'
import { sentences } from './sentences.ts'

export type MyVoiceDependencies = {
  stages: Pick<Stages, 'recognizer' | 'findSpeech' | 'speechLevel'>
  speechModels(): Promise<SpeechModel[]>
  dataDir: string
  maxUploadBytes: number
}

/** Of one sentence read aloud. */
const MAX_SECONDS = 30
/** More would only wait for each other at the engines. */
const MOST_AT_ONCE = 2
const OWNER = 'my voice'
const limits = { fields: 4, parts: 6, fieldSize: 200 }

const tags = ['My voice']
const audio = Type.String({ format: 'binary', description: 'WAV; other containers where ffmpeg is present' })
const sentence = Type.String({ description: 'id of the sentence that was read' })
/** Forms are read part by part: these describe them and check nothing. */
const HearForm = Type.Object({ audio, sentence, speechModel: Type.String() })
const KeepForm = Type.Object({ audio, sentence })

type Read = { sentence: (typeof sentences)[number]; recorded: DecodedAudio; fields: Map<string, string> }

/** What each speech level makes of one's own voice; a recording is kept only where that is asked for. */
export function myVoiceRoutes(dependencies: MyVoiceDependencies): FastifyPluginAsync {
  const { stages, dataDir, maxUploadBytes } = dependencies
  const recordings = createRecordings(dataDir)
  const limited = atOnce(MOST_AT_ONCE, `${MOST_AT_ONCE} recordings are being heard already.`, {
    mend: 'Try again in a moment.',
    retryAfterSeconds: 5,
  })

  async function read(request: FastifyRequest, signal: AbortSignal): Promise<Read> {
    if (!request.isMultipart()) throw refused('The request is no form.', 'audio')
    const fields = new Map<string, string>()
    const options = { file: 'audio', maxBytes: maxUploadBytes, limits }
    const clip = await readForm(request, options, (name, value) => fields.set(name, String(value)))
    if (clip === null) throw refused('The form has no file "audio".', 'audio', 'Send a WAV file in it.')
    const id = fields.get('sentence')
    const found = sentences.find(candidate => candidate.id === id)
    if (found === undefined) {
      const ids = sentences.map(candidate => candidate.id).join(', ')
      throw refused(`There is no sentence ${JSON.stringify(id ?? '')}.`, 'sentence', `They are ${ids}.`)
    }
    const bounds = { maxBytes: maxUploadBytes, maxSeconds: MAX_SECONDS }
    return { sentence: found, recorded: await decodeAudio(clip, bounds, signal), fields }
  }

  /** A level that has to be fetched first would not be tested but waited for. */
  async function installedLevel(name: string): Promise<string> {
    const models = await dependencies.speechModels()
    if (models.some(model => model.name === name && model.installed)) return name
    throw new QuantvoxError('model_not_found', `The speech model ${JSON.stringify(name)} is not installed.`, {
      mend: 'GET /v1/models/speech says which are.',
    })
  }

  async function hear({ sentence: { id, text }, recorded, fields }: Read, signal: AbortSignal) {
    const { samples, durationMs: audioMs } = recorded
    const speechModel = await installedLevel(fields.get('speechModel') ?? '')
    const model = await stages.speechLevel(speechModel, signal)
    const options = { model, language: 'en', owner: OWNER }
    const speech = await stages.findSpeech(samples, signal)
    if (speech.segments.length === 0)
      throw new QuantvoxError('audio_invalid', 'Nothing was said in that recording.', {
        mend: 'Read the sentence again, nearer to the microphone.',
      })
    const once = () => recognizeClip(stages.recognizer, samples, speech, options, signal)
    const first = await once()
    // What a first decoding costs more is no part of what the level takes.
    const heard = first.cold ? await once() : first
    const { words, wordErrors } = textErrors(text, heard.text)
    const { text: transcript, inferenceMs } = heard
    return { sentence: id, speechModel, transcript, words, wordErrors, audioMs, inferenceMs }
  }

  return async app => {
    app.setValidatorCompiler(route =>
      route.schema === HearForm || route.schema === KeepForm ? () => true : strictValidator(route),
    )
    app.setSerializerCompiler(() => data => JSON.stringify(data))
    const form = (schema: typeof HearForm | typeof KeepForm) => ({
      consumes: ['multipart/form-data'],
      body: { content: { 'multipart/form-data': { schema } } },
    })

    app.get(
      '/v1/my-voice',
      {
        schema: {
          tags,
          summary: 'Five sentences to read aloud, and of which a recording is kept',
          response: { 200: json('Sentences', MyVoice) },
        },
      },
      async () => ({ sentences: [...sentences], kept: await recordings.kept() }),
    )
    app.post(
      '/v1/my-voice/hear',
      {
        schema: {
          tags,
          summary: 'What a speech level that is here makes of a sentence read aloud; keeps nothing',
          ...form(HearForm),
          response: {
            200: json('What was heard', MyVoiceHeard),
            ...problems(400, 404, 413, 415, 422, 502, 504),
          },
        },
      },
      (request, reply) => {
        const signal = clientSignal(reply)
        return limited(async () => await hear(await read(request, signal), signal))
      },
    )
    app.post(
      '/v1/my-voice',
      {
        schema: {
          tags,
          summary:
            'Keep a sentence read aloud, for comparisons with `audio: "mine"`; ask whose voice it is first',
          ...form(KeepForm),
          response: { 204: { description: 'Kept', type: 'null' }, ...problems(400, 413, 415) },
        },
      },
      (request, reply) =>
        limited(async () => {
          const { sentence: said, recorded } = await read(request, clientSignal(reply))
          await recordings.keep(said.id, recorded.samples)
          return reply.code(204).send()
        }),
    )
    app.delete(
      '/v1/my-voice',
      {
        schema: {
          tags,
          summary: 'Forget all recordings of one’s own voice',
          response: { 204: { description: 'Forgotten', type: 'null' } },
        },
      },
      async (_request, reply) => {
        await recordings.forget()
        return reply.code(204).send()
      },
    )
  }
}
