import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import type { Command } from 'commander'
import Value from 'typebox/value'
import { loadConfig } from '../../server/config.ts'
import { QuantvoxError } from '../../server/errors.ts'
import { writePrivately } from '../../server/files/privateFiles.ts'
import { TurnAnswer } from '../../server/protocol/turns.ts'
import { printable } from './printable.ts'
import { serverForCommand } from './server.ts'
import type { ServerRequest } from './serverRequest.ts'
import { timingTable } from './timingTable.ts'

type AskOptions = {
  text?: string
  llm?: string
  speech?: string
  voice?: string
  conversation?: string
  language?: string
  out?: string
  json?: boolean
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
    .option('--voice <voice>', "voice of the reply; default: none, or the server's with --out")
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
        const answer = await ask(server.request, question, options)
        if (options.out !== undefined) await saveReply(server.request, answer, options.out)
        process.stdout.write(
          options.json ? `${JSON.stringify(answer, null, 2)}\n` : printable(answerText(answer)),
        )
      } finally {
        await server.stop()
      }
    })
}

async function ask(request: ServerRequest, question: File | null, options: AskOptions): Promise<TurnAnswer> {
  const voice = options.voice ?? (options.out === undefined ? 'none' : undefined)
  const choices = Object.entries({
    llmModel: options.llm,
    speechModel: options.speech,
    voice,
    conversationId: options.conversation,
    language: options.language,
  }).filter((choice): choice is [string, string] => choice[1] !== undefined)
  const answer = await request(
    '/v1/turns',
    question === null ? typed(options.text ?? '', choices) : spoken(question, choices),
  )
  const body: unknown = await answer.json()
  if (Value.Check(TurnAnswer, body)) return body
  throw new QuantvoxError('engine_failed', 'The server sent no turn that this version understands.', {
    mend: 'Use the same version on both ends.',
  })
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

async function saveReply(request: ServerRequest, answer: TurnAnswer, path: string): Promise<void> {
  if (answer.audio === undefined) {
    throw new QuantvoxError('not_found', 'The reply was not spoken, so there is nothing to write.', {
      mend: 'Choose a voice that speaks here, for instance --voice flite:slt.',
    })
  }
  const wav = await request(answer.audio.url, {})
  await writePrivately(path, Buffer.from(await wav.arrayBuffer()))
}

function answerText({ transcript, reply, timings, hints = [] }: TurnAnswer): string {
  const told = hints.map(({ message, mend }) => `${message} ${mend}\n`).join('')
  if (timings.outcome === 'no-speech')
    return `${told === '' ? '(no speech was heard)\n' : told}\n${timingTable(timings)}\n`
  return `${told}you:    ${transcript}\nreply:  ${reply}\n\n${timingTable(timings)}\n`
}
