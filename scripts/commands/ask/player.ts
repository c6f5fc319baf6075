import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'
import { findOnPath } from '../../../server/setup/index.ts'

/** Plays the spoken reply while it comes. */
export type Player = {
  /** What comes from here on is at that rate. */
  started(sampleRate: number): void
  /** @param pcm signed 16-bit little-endian, mono */
  play(pcm: Buffer): void
  /** Waits until all of it was played; gives why it was not, or null. */
  finish(): Promise<string | null>
  /** Ends in the middle. */
  stop(): void
}

/** Each plays raw audio from its input as it comes; what is named first begins soonest. */
const programs: readonly [program: string, args: (sampleRate: number) => string[]][] = [
  ['aplay', rate => ['-q', '-t', 'raw', '-f', 'S16_LE', '-c', '1', '-r', `${rate}`]],
  ['pacat', rate => ['--playback', '--raw', '--format=s16le', '--channels=1', `--rate=${rate}`]],
  ['play', rate => ['-q', '-t', 'raw', '-e', 'signed', '-b', '16', '-c', '1', '-r', `${rate}`, '-']],
  [
    'ffplay',
    // Raw audio is mono where nothing is said, and how that is said differs between its versions.
    rate => [
      ...['-nodisp', '-autoexit', '-loglevel', 'error', '-fflags', 'nobuffer', '-probesize', '32'],
      ...['-f', 's16le', '-ar', `${rate}`, '-i', 'pipe:0'],
    ],
  ],
]

/** The first program on PATH that plays; null where there is none. */
export async function findPlayer(): Promise<Player | null> {
  for (const [program, args] of programs) {
    const path = await findOnPath(program)
    if (path !== null) return createPlayer(program, rate => spawnPlayer(path, args(rate)))
  }
  return null
}

type Playing = ChildProcessByStdio<Writable, null, Readable>

const spawnPlayer = (path: string, args: string[]): Playing =>
  spawn(path, args, { stdio: ['pipe', 'ignore', 'pipe'] })

function createPlayer(program: string, begin: (sampleRate: number) => Playing): Player {
  let playing: { input: Writable; stop(): void } | null = null
  // One after another: a second voice must not speak into the first.
  let played: Promise<string | null> = Promise.resolve(null)

  return {
    started(sampleRate) {
      playing?.input.end()
      const child = begin(sampleRate)
      // One that ended early says so by its end; what is still written to it goes nowhere.
      child.stdin.on('error', () => {})
      playing = { input: child.stdin, stop: () => child.kill('SIGKILL') }
      const before = played
      const ended = endOf(program, child)
      played = before.then(failure => failure ?? ended)
    },
    play(pcm) {
      playing?.input.write(pcm)
    },
    async finish() {
      playing?.input.end()
      return await played
    },
    stop() {
      playing?.stop()
    },
  }
}

async function endOf(program: string, child: Playing): Promise<string | null> {
  let complaint = ''
  child.stderr.on('data', (part: Buffer) => {
    if (complaint.length < 1_000) complaint += part.toString()
  })
  try {
    const [code, signal] = await once(child, 'close')
    if (code === 0) return null
    const told = complaint.trim().split('\n')[0]
    return `${program} ended with ${signal ?? `status ${code}`}${told ? `: ${told}` : ''}`
  } catch (error) {
    return `${program} does not run: ${(error as Error).message}`
  }
}
