import { QuantvoxError } from '../errors.ts'
import { nearestHint } from '../nearest.ts'
import type { Voice as ListedVoice } from '../protocol/models.ts'
import { browserVoice } from './browser/browser.ts'
import { fliteVoice, fliteVoices, type SpeakWithFlite } from './flite/flite.ts'
import { neuralVoice, neuralVoices, type SpeakInPieces } from './neural/neural.ts'
import { noVoice } from './none.ts'
import { remoteVoice } from './remote/remote.ts'
import type { Voice } from './voice.ts'

/**
 * Every voice, for `GET /v1/voices`.
 * @param remoteVoices names at SYNTHESIS_URL; empty without one
 * @param slow engines that are too slow here, and how slow
 */
export function listVoices(
  remoteVoices: readonly string[],
  slow: ReadonlyMap<string, string> = new Map(),
): ListedVoice[] {
  const descriptions: [string, string][] = [
    ...fliteVoices,
    ...neuralVoices,
    ...remoteVoices.map((voice): [string, string] => [
      `remote:${voice}`,
      'a voice of the speech server at SYNTHESIS_URL',
    ]),
    [browserVoice.name, 'the page speaks with a voice of the browser'],
    [noVoice.name, 'text only'],
  ]
  return descriptions.map(([name, description]) => {
    const why = slow.get(speakerOf(name) ?? '')
    return why === undefined
      ? { name, description, available: true }
      : { name, description: `${description}: ${why}`, available: false }
  })
}

const networks = ['hibari', 'kokoro', 'piper'] as const
/** Our engines that speak, each in a process of its own. */
export const speakerNames = ['flite', ...networks] as const
export type SpeakerName = (typeof speakerNames)[number]

/** What speaks here. */
export type Speakers = { flite: SpeakWithFlite } & Record<(typeof networks)[number], SpeakInPieces>

/** Which of our engines speaks with a voice; null where none of them does. */
export const speakerOf = (voice: string): SpeakerName | null =>
  fliteVoices.has(voice) || neuralVoices.has(voice)
    ? (speakerNames.find(name => voice.startsWith(`${name}:`)) ?? null)
    : null

/**
 * Gives a voice for its name.
 * @param synthesisUrl base URL of a speech server; null without one
 * @returns a function that throws QuantvoxError: `model_not_found`, which names the nearest voice, or
 *   `engine_unavailable` for `remote:` without a speech server
 */
export function createVoices(
  { flite, ...neural }: Speakers,
  synthesisUrl: string | null,
): (name: string) => Voice {
  const own = [
    ...[...fliteVoices.keys()].map(name => fliteVoice(flite, name)),
    ...networks.flatMap(engine =>
      [...neuralVoices.keys()]
        .filter(name => speakerOf(name) === engine)
        .map(name => neuralVoice(neural[engine], name)),
    ),
  ]
  const known = new Map([...own, browserVoice, noVoice].map((voice): [string, Voice] => [voice.name, voice]))
  return name => {
    const remote = /^remote:(.+)$/s.exec(name)?.[1]
    if (remote === undefined) return known.get(name) ?? unknownVoice(name)
    if (synthesisUrl !== null) return remoteVoice({ url: synthesisUrl, voice: remote })
    throw new QuantvoxError('engine_unavailable', `The voice "${name}" needs a speech server.`, {
      meaning: 'SYNTHESIS_URL is not set, so no speech server is known.',
      mend: 'Set SYNTHESIS_URL to a server with POST /v1/audio/speech, or choose another voice.',
    })
  }
}

function unknownVoice(name: string): never {
  const names = listVoices([]).map(voice => voice.name)
  const shown = name.length > 60 ? `${name.slice(0, 60)}…` : name
  throw new QuantvoxError('model_not_found', `There is no voice "${shown}".`, {
    mend: `${nearestHint(shown, names)} Voices: ${[...new Set(names.map(inShort))].join(', ')}, or remote:<voice> with SYNTHESIS_URL.`,
  })
}

/** An engine with many voices stands once in a list for people. */
const inShort = (name: string) => name.replace(/^kokoro:.*/, 'kokoro:<voice>')
