import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import Type, { type Static } from 'typebox'
import { decodeAudio } from '../../../audio/decodeAudio.ts'
import { createChannel } from '../../../session/parts/channel.ts'
import { hear } from '../../../session/parts/hear.ts'
import type { HeardAs, HeardClip } from '../../../session/questions/clip.ts'
import { hearsEnglishOnly, languageCode, MULTILINGUAL } from '../../../spokenLanguage.ts'
import { type HearingDependencies, hearingLevel } from '../../hearingLevel.ts'
import { lenientCheck } from '../../lenientCheck.ts'
import { events, json } from '../../rest/answers.ts'
import { readForm } from '../../rest/form.ts'
import { MAX_CLIP_SECONDS } from '../../rest/turns/oneShotTurns.ts'
import { OPENAI_TAG, openAiErrorAnswers, wrong } from '../errors.ts'
import { modelAsked } from '../names.ts'
import { type AskedDependencies, asked, whole } from './asked.ts'
import { type AudioJson, audioOf } from './audioJson.ts'
import { sendEvents } from './events.ts'
import { Transcription, transcriptBody, VerboseTranscription } from './transcript.ts'

const formats = ['json', 'text', 'srt', 'vtt', 'verbose_json'] as const
const limits = { fields: 200, parts: 202, fieldSize: 16_384 }

const Fields = Type.Object({
  model: Type.Optional(Type.String({ maxLength: 200 })),
  language: Type.Optional(
    Type.String({ maxLength: 100, description: 'with a region or without; empty as SPEECH_LANGUAGE has it' }),
  ),
  languages: Type.Optional(Type.Array(Type.String({ maxLength: 100 }), { maxItems: 50 })),
  prompt: Type.Optional(
    Type.String({ maxLength: 16_384, description: 'for Whisper; Moonshine cannot be told' }),
  ),
  keywords: Type.Optional(Type.Array(Type.String({ maxLength: 200 }), { maxItems: 100 })),
  response_format: Type.Optional(Type.String({ maxLength: 40, description: formats.join(', ') })),
  timestamp_granularities: Type.Optional(Type.Array(Type.Enum(['word', 'segment']), { maxItems: 10 })),
  stream: Type.Optional(Type.Union([Type.Boolean(), Type.Enum(['true', 'false', 'True', 'False', ''])])),
})
type Fields = Static<typeof Fields>
const checkFields = lenientCheck(Fields)

/** Of Open WebUI. */
const Json = Type.Object({
  ...Fields.properties,
  input_audio: Type.Object({ data: Type.String(), format: Type.Optional(Type.String({ maxLength: 40 })) }),
})
const checkJson = lenientCheck(Json)
const Form = Type.Object({ file: Type.String({ format: 'binary' }), ...Fields.properties })

export type TranscriptionDependencies = AskedDependencies & HearingDependencies
type Asked = { clip: Buffer; fields: Fields }

/** `POST /v1/audio/transcriptions` and `/v1/audio/translations`; bodies of JSON come as `AudioJson`. */
export function transcriptionRoutes(dependencies: TranscriptionDependencies): FastifyPluginAsync {
  const { stages, maxUploadBytes } = dependencies

  async function read(request: FastifyRequest): Promise<Asked> {
    if (!request.isMultipart()) return fromJson(request.body as AudioJson | undefined)
    const fields = new Map<string, string | string[]>()
    const clip = await readForm(
      request,
      { file: 'file', maxBytes: maxUploadBytes, limits },
      (field, value) => {
        const [, name = '', list] = /^(.*?)(\[\])?$/s.exec(field) ?? []
        const before = fields.get(name)
        const text = String(value ?? '')
        fields.set(name, list === undefined ? text : [...(Array.isArray(before) ? before : []), text])
      },
    )
    if (clip === null) throw wrong('file', 'The form has no file "file".', 'Send the audio in it.')
    return { clip, fields: checkFields(Object.fromEntries(fields)) }
  }

  async function levelFor(fields: Fields, language: string | undefined, translates: boolean) {
    const level = await hearingLevel(modelAsked(fields.model), { language, translates }, dependencies)
    if (!translates || !hearsEnglishOnly(level)) return level
    throw wrong(
      'model',
      `${level} hears English only: there is nothing that it could translate.`,
      MULTILINGUAL,
    )
  }

  const answering = (task: 'transcribe' | 'translate') =>
    asked(stages, async (request, reply, context, signal) => {
      const { clip, fields } = await read(request)
      const format = formatOf(fields)
      const language = languageOf(fields)
      const translates = task === 'translate'
      const part = context()
      const speechModel = await levelFor(fields, language, translates)
      const prompt = [
        ...(fields.keywords?.length ? [`${fields.keywords.join(', ')}.`] : []),
        fields.prompt ?? '',
      ]
      const heardAs: HeardAs = { speechModel, language, translates, prompt: prompt.join(' ').trim() }
      const audioLimits = { maxBytes: maxUploadBytes, maxSeconds: MAX_CLIP_SECONDS }
      const hearing = (onStretch?: (text: string) => void) => {
        const decode = (until: AbortSignal) => decodeAudio(clip, audioLimits, until)
        return hear({ decode }, { ...heardAs, onStretch }, part, signal)
      }
      reply.header('openai-model', speechModel)
      if (wantsEvents(fields)) return await sendEvents(reply, eventsOf(hearing))
      const [one] = await whole(hearing())
      if (one === undefined) throw new Error('Nothing came of a clip that was heard.')
      const granularities = fields.timestamp_granularities ?? []
      return send(reply, transcriptBody(one, format, { task, granularities }))
    })

  return async app => {
    const body = {
      content: { 'multipart/form-data': { schema: Form }, 'application/json': { schema: Json } },
    }
    const answers = {
      200: {
        description: 'What was said, in the format that was asked for',
        content: {
          ...json('', Type.Union([Transcription, VerboseTranscription])).content,
          'text/plain': { schema: Type.String() },
          ...events('').content,
        },
      },
      ...openAiErrorAnswers(404, 409, 422, 502, 504),
    }
    const route = (task: 'transcribe' | 'translate', summary: string) => ({
      bodyLimit: Math.ceil(maxUploadBytes * 1.4) + dependencies.maxJsonBytes,
      schema: { tags: [OPENAI_TAG], summary, consumes: Object.keys(body.content), body, response: answers },
      handler: answering(task),
    })
    app.post('/v1/audio/transcriptions', route('transcribe', 'What was said in a clip'))
    app.post('/v1/audio/translations', route('translate', 'The same in English, by a multilingual Whisper'))
  }
}

function fromJson(body: AudioJson | undefined): Asked {
  if (body === undefined || body === null)
    throw wrong('file', 'The request has no body.', 'Send a form with the file "file".')
  const { input_audio, ...fields } = checkJson(body.json)
  return { clip: audioOf(input_audio.data, body), fields }
}

function formatOf({ response_format }: Fields): string {
  const format = response_format || 'json'
  if ((formats as readonly string[]).includes(format)) return format
  throw wrong('response_format', `There is no format "${format}" here.`, `Formats are ${formats.join(', ')}.`)
}

/** Whisper's code; undefined where it was left open. */
function languageOf({ language = '', languages = [] }: Fields): string | undefined {
  const only = languages.length === 1 ? languages[0] : undefined
  const wanted = language.trim() || (languages.length > 1 ? 'auto' : (only?.trim() ?? ''))
  if (wanted === '') return undefined
  const code = languageCode(wanted)
  if (code !== null) return code
  throw wrong(
    'language',
    `There is no language "${wanted.slice(0, 40)}" that speech models know.`,
    'Send its ISO 639 code.',
  )
}

/** OpenAI has no events for whisper-1. */
const wantsEvents = ({ stream, model }: Fields) =>
  String(stream ?? false).toLowerCase() === 'true' && model !== 'whisper-1'

/** Each stretch as soon as it is decoded. Who leaves aborts the request's signal, which ends the hearing. */
async function* eventsOf(
  hearing: (onStretch: (text: string) => void) => AsyncGenerator<HeardClip, void, void>,
): AsyncGenerator<object, void, undefined> {
  const events = createChannel<object>()
  let told = ''
  const tell = (text: string) => {
    const delta = told === '' ? text : ` ${text}`
    told += delta
    void events.put({ type: 'transcript.text.delta', delta })
  }
  const hear = async () => {
    const [clip] = await whole(hearing(tell))
    if (clip === undefined) throw new Error('Nothing came of a clip that was heard.')
    const text = clip.text ?? ''
    if (told === '' && text !== '') tell(text)
    // Its usage would be in tokens, which recognizers here do not count.
    void events.put({ type: 'transcript.text.done', text })
  }
  const over = hear().finally(events.end)
  over.catch(() => {})
  yield* events.items()
  await over
}

function send(reply: FastifyReply, body: string | object): FastifyReply {
  if (typeof body === 'object')
    return reply.type('application/json; charset=utf-8').send(JSON.stringify(body))
  return reply.type('text/plain; charset=utf-8').send(body)
}
