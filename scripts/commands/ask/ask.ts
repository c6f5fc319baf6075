import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import type { WriteStream } from 'node:tty'
import type { Command } from 'commander'
import Value from 'typebox/value'
import { loadConfig } from '../../../server/config.ts'
import { QuantvoxError } from '../../../server/errors.ts'
import { writePrivately } from '../../../server/files/privateFiles.ts'
import { TurnMessage } from '../../../server/protocol/messages.ts'
import { AudioDelta, TurnAnswer } from '../../../server/protocol/turns.ts'
import { streamedEvents } from '../../../server/shared/eventStream.ts'
import { serverForCommand } from '../server.ts'
import type { ServerRequest } from '../serverRequest.ts'
import { createAnswerText } from './answerText.ts'
import { findPlayer, type Player } from './player.ts'

export type AskOptions = {
  text?: string
  llm?: string
  speech?: string
  voice?: string
  conversation?: string
  language?: string
  out?: string
  json?: boolean
}

type Asking = {
  request: ServerRequest
  question: File | null
  options: AskOptions
  out: Pick<WriteStream, 'write'> & { isTTY?: boolean }
}

/** `quantvox ask`: one question, spoken in a file or typed, to a running server or to one started for the call. */
export function addAsk(program: Command, signal: AbortSignal): void {
  program
    .command('ask')
    .description('ask one question, recorded or typed, and see where the time went')
    .argument('[file]', 'recorded question: WAV, or what ffmpeg reads where it is installed')
    .option('--text <text>', 'ask this instead')
    .option('--llm <tag>', 'Ollama tag')
    .option('--speech <model>', 'speech model level, for instance whisper-tiny.en-q5_1')
    .option(
      '--voice <voice>',
      "voice of the reply; default: the server's on a terminal with a player (aplay, pacat, play, ffplay) or with --out, else none",
    )
    .option('--conversation <id>', 'continue a conversation')
    .option('--language <code>', 'language of the question, for multilingual models')
    .option('--out <file>', 'write the spoken reply here, as WAV')
    .option('--json', 'print the whole answer as JSON')
    .action(async (file: string | undefined, options: AskOptions, command: Command) => {
      if ((file === undefined) === (options.text === undefined)) {
        command.error('quantvox: give either a FILE or --text "..."')
      }
      const question = file === undefined ? null : await questionFile(file)
      const needs = question === null ? 'readyForText' : 'ready'
      const server = await serverForCommand(loadConfig().config, signal, {}, needs)
      try {
        if (options.json) await askForJson(server.request, question, options)
        else await askAloud({ request: server.request, question, options, out: process.stdout }, signal)
      } finally {
        await server.stop()
      }
    })
}

async function askForJson(request: ServerRequest, question: File | null, options: AskOptions): Promise<void> {
  const voice = options.voice ?? (options.out === undefined ? 'none' : undefined)
  const response = await request('/v1/turns', questionOf(question, options, voice))
  const answer: unknown = await response.json()
  if (!Value.Check(TurnAnswer, answer)) throw notUnderstood()
  if (options.out !== undefined) await saveReply(request, answer.audio?.url, options.out)
  process.stdout.write(`${JSON.stringify(answer, null, 2)}\n`)
}

/** The answer while it comes: its words to who watches, its sound where there is a player, then where the time went. */
export async function askAloud(
  { request, question, options, out }: Asking,
  signal: AbortSignal,
): Promise<void> {
  const isWatched = out.isTTY === true
  const player = isWatched && options.voice !== 'none' ? await findPlayer() : null
  const voice = options.voice ?? (player === null && options.out === undefined ? 'none' : undefined)
  const text = createAnswerText(part => void out.write(part), { live: isWatched, typed: options.text })
  const stop = () => player?.stop()
  signal.addEventListener('abort', stop, { once: true })
  try {
    const asked = questionOf(question, options, voice)
    const url = await hearAnswer(request, asked, { text, player })
    if (options.out !== undefined) await saveReply(request, url, options.out)
    const unplayed = await player?.finish()
    signal.throwIfAborted()
    if (unplayed) process.stderr.write(`quantvox: the reply was not played: ${unplayed}\n`)
  } catch (error) {
    text.breakOff()
    throw error
  } finally {
    stop()
    signal.removeEventListener('abort', stop)
  }
}

/** @returns where the spoken reply is, if there is one */
async function hearAnswer(
  request: ServerRequest,
  asked: RequestInit,
  { text, player }: { text: ReturnType<typeof createAnswerText>; player: Player | null },
): Promise<string | undefined> {
  const headers = new Headers(asked.headers)
  headers.set('accept', 'text/event-stream')
  const path = player === null ? '/v1/turns' : '/v1/turns?audio=events'
  const response = await request(path, { ...asked, headers })
  let url: string | undefined
  if (response.body === null) throw notUnderstood()
  for await (const { data } of streamedEvents(response.body)) {
    if (Value.Check(AudioDelta, data)) player?.play(Buffer.from(data.audio, 'base64'))
    // A newer server may tell more than this version knows.
    if (!Value.Check(TurnMessage, data)) continue
    if (data.type === 'audio.started') player?.started(data.sampleRate)
    if (data.type === 'audio.done') url = data.url
    text.hear(data)
  }
  if (text.finish() === null) throw notUnderstood()
  return url
}

const notUnderstood = () =>
  new QuantvoxError('engine_failed', 'The server sent no turn that this version understands.', {
    mend: 'Use the same version on both ends.',
  })

function questionOf(question: File | null, options: AskOptions, voice: string | undefined): RequestInit {
  const choices = Object.entries({
    llmModel: options.llm,
    speechModel: options.speech,
    voice,
    conversationId: options.conversation,
    language: options.language,
  }).filter((choice): choice is [string, string] => choice[1] !== undefined)
  return question === null ? typed(options.text ?? '', choices) : spoken(question, choices)
}

function typed(text: string, choices: [string, string][]): RequestInit {
  const body = JSON.stringify({ text, ...Object.fromEntries(choices) })
  return { method: 'POST', headers: { 'content-type': 'application/json' }, body }
}

function spoken(question: File, choices: [string, string][]): RequestInit {
  const form = new FormData()
  for (const [name, value] of choices) form.append(name, value)
  form.append('audio', question)
  return { method: 'POST', body: form }
}

async function questionFile(path: string): Promise<File> {
  try {
    return new File([await readFile(path)], basename(path))
  } catch (error) {
    throw new QuantvoxError(
      'invalid_request',
      `${path} cannot be read (${(error as NodeJS.ErrnoException).code}).`,
      {
        mend: 'Give a readable audio file.',
        cause: error,
      },
    )
  }
}

async function saveReply(request: ServerRequest, url: string | undefined, path: string): Promise<void> {
  if (url === undefined) {
    throw new QuantvoxError('not_found', 'The reply was not spoken, so there is nothing to write.', {
      mend: 'Choose a voice that speaks here, for instance --voice flite:slt.',
    })
  }
  const wav = await request(url, {})
  await writePrivately(path, Buffer.from(await wav.arrayBuffer()))
}
