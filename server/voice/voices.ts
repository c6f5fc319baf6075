import { closest, distance } from 'fastest-levenshtein'
import { QuantvoxError } from '../errors.ts'
import type { Voice } from '../protocol/models.ts'

/** A voice's name in its parts. `browser`: the page speaks; `none`: nobody does. */
export type ParsedVoice =
  | { kind: 'flite'; voice: string }
  | { kind: 'remote'; voice: string }
  | { kind: 'browser' }
  | { kind: 'none' }

const fliteVoices: Record<string, string> = {
  slt: 'flite, US English, female',
  rms: 'flite, US English, male',
  awb: 'flite, Scottish English, male',
  kal16: 'flite, US English, male, the fastest and most robotic',
}

/**
 * Every voice, for `GET /v1/voices`.
 * @param remoteVoices names at SYNTHESIS_URL; null without one
 */
export function listVoices(remoteVoices: readonly string[] | null): Voice[] {
  return [
    ...Object.entries(fliteVoices).map(([name, description]) => ({
      name: `flite:${name}`,
      description,
      available: true,
    })),
    ...(remoteVoices ?? []).map(name => ({
      name: `remote:${name}`,
      description: 'a voice of the speech server at SYNTHESIS_URL',
      available: true,
    })),
    { name: 'browser', description: 'the page speaks with a voice of the browser', available: true },
    { name: 'none', description: 'text only', available: true },
  ]
}

/**
 * @param hasRemote whether SYNTHESIS_URL is set
 * @throws QuantvoxError `model_not_found` that names the nearest voice; `engine_unavailable` for `remote:` without a
 *   SYNTHESIS_URL
 */
export function parseVoice(name: string, hasRemote: boolean): ParsedVoice {
  const [kind, ...rest] = name.split(':')
  const voice = rest.join(':')
  if (name === 'browser' || name === 'none') return { kind: name }
  if (kind === 'flite' && Object.hasOwn(fliteVoices, voice)) return { kind, voice }
  if (kind === 'remote' && voice !== '') {
    if (hasRemote) return { kind, voice }
    throw new QuantvoxError('engine_unavailable', `The voice "${name}" needs a speech server.`, {
      meaning: 'SYNTHESIS_URL is not set, so no speech server is known.',
      mend: 'Set SYNTHESIS_URL to a server with POST /v1/audio/speech, or choose another voice.',
    })
  }
  throw unknownVoice(name)
}

function unknownVoice(name: string): QuantvoxError {
  const names = listVoices(null).map(voice => voice.name)
  const shown = name.length > 60 ? `${name.slice(0, 60)}…` : name
  // By letters, "slt" is nearer to "none" than to "flite:slt", but not in what is meant.
  const bare = names.find(known => known.endsWith(`:${name}`) || known.startsWith(`${name}:`))
  const nearest = bare ?? closest(shown, names)
  const isNear = bare !== undefined || distance(shown, nearest) <= Math.max(3, shown.length / 2)
  const hint = isNear ? `The nearest is "${nearest}". ` : ''
  return new QuantvoxError('model_not_found', `There is no voice "${shown}".`, {
    mend: `${hint}Voices: ${names.join(', ')}, or remote:<voice> with SYNTHESIS_URL.`,
  })
}
