import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import Type, { type Static, type TSchema } from 'typebox'
import { Parse } from 'typebox/value'
import { within } from '../../../server/abort.ts'
import { encodeWav } from '../../../server/audio/encodeWav.ts'
import { cut, splitAtPauses } from '../../../server/recognition/utterance/split.ts'
import type { SpeechClip } from '../speechClips.ts'

const READY_WITHIN_MS = 60_000
const ANSWER_WITHIN_MS = 60_000
/** One window of Whisper: faster-whisper gets what is longer in two pieces. */
const pieceLimits = { packMs: 30_000, maxMs: 30_000 }

const Ready = Type.Object({ ready: Type.String() })
const Answer = Type.Object({ text: Type.String(), ms: Type.Number() })

/**
 * faster-whisper in a Python process of its own, int8, beam 1, on clips with their silence cut off as recognizers of ours cut it.
 * @param python a Python that has faster-whisper
 * @param model folder of a CTranslate2 model
 * @throws Error for a Python without faster-whisper, a folder without a model, and answers that do not come
 */
export async function startFasterWhisper(python: string, model: string, threads: number) {
  const script = join(import.meta.dirname, 'fasterWhisper.py')
  const child = spawn(python, [script, '--model', model, '--threads', `${threads}`], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  // What became of it is told by its end.
  child.stdin.on('error', () => {})
  const ended = once(child, 'exit').then(
    ([code]) => `it ended with ${code}`,
    (error: Error) => error.message,
  )
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const folder = await mkdtemp(join(tmpdir(), 'quantvox-faster-whisper-'))
  let clips = 0

  async function next<T extends TSchema>(schema: T, ms: number) {
    const late = () => 'no answer came in time'
    const line = await within(Promise.race([lines.next(), ended]), ms, late)
    if (typeof line === 'string') throw new Error(`faster-whisper: ${line}.`)
    if (line.done === true) throw new Error(`faster-whisper: ${await ended}.`)
    return Parse(schema, JSON.parse(line.value))
  }

  async function stop(): Promise<void> {
    child.kill()
    await ended
    await rm(folder, { recursive: true, force: true })
  }

  try {
    const { ready } = await next(Ready, READY_WITHIN_MS)
    return {
      /** Versions, for a person. */
      version: ready,
      /** Writes the clip's pieces down once; what it gives decodes them. */
      async prepare({ samples, found }: SpeechClip) {
        const paths: string[] = []
        for (const piece of splitAtPauses(samples, found.segments, pieceLimits)) {
          const path = join(folder, `${clips++}.wav`)
          await writeFile(path, encodeWav(cut(samples, piece)))
          paths.push(path)
        }
        return async () => {
          const heard: Static<typeof Answer>[] = []
          for (const path of paths) {
            child.stdin.write(`${path}\n`)
            heard.push(await next(Answer, ANSWER_WITHIN_MS))
          }
          return {
            text: heard.map(({ text }) => text).join(' '),
            passes: heard.length,
            ms: heard.reduce((sum, { ms }) => sum + ms, 0),
          }
        }
      },
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}
