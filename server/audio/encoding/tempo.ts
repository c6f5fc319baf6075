import { joinSamples } from '../pcm.ts'

/** What is cut out and laid over what came before, and how far from where it should be the best match is looked for, milliseconds. */
const WINDOW_MS = 30
const SEARCH_MS = 8
/** Every so many samples are compared: speech has its power below a quarter of the sampling rate. */
const STRIDE = 2

/**
 * Plays mono samples so many times as fast without a change of pitch: windows of the sound, each where it fits best to the one before
 * (WSOLA, Verhelst and Roelands, ICASSP 1993), overlapping by half.
 */
export function createTempo(speed: number, sampleRate: number) {
  if (speed === 1) return { push: (samples: Int16Array) => samples, end: () => new Int16Array(0) }
  const half = Math.round((sampleRate * WINDOW_MS) / 2000)
  const search = Math.round((sampleRate * SEARCH_MS) / 1000)
  const fade = Float32Array.from({ length: half }, (_, i) => (1 - Math.cos((Math.PI * (i + 0.5)) / half)) / 2)
  let sound: Int16Array = new Int16Array(0)
  /** Where in `sound` the next window should be, and where the one before goes on; null before the first. */
  let wanted = 0
  let goesOn: number | null = null

  function next(): Int16Array {
    const at = goesOn === null ? Math.round(wanted) : bestMatch(goesOn)
    const out = new Int16Array(half)
    for (let i = 0; i < half; i++) {
      const rising = sound[at + i] ?? 0
      const falling = goesOn === null ? rising : (sound[goesOn + i] ?? 0)
      const share = fade[i] ?? 0
      out[i] = Math.round(rising * share + falling * (1 - share))
    }
    goesOn = at + half
    wanted += half * speed
    return out
  }

  function bestMatch(from: number): number {
    const first = Math.max(0, Math.round(wanted) - search)
    let best = { at: first, likeness: Number.NEGATIVE_INFINITY }
    for (let at = first; at <= Math.round(wanted) + search; at += STRIDE) {
      let product = 0
      let power = 1
      for (let i = 0; i < half; i += STRIDE) {
        const sample = sound[at + i] ?? 0
        product += sample * (sound[from + i] ?? 0)
        power += sample * sample
      }
      const likeness = product / Math.sqrt(power)
      if (likeness > best.likeness) best = { at, likeness }
    }
    return best.at
  }

  function forget(): void {
    const gone = Math.max(0, Math.min(goesOn ?? 0, Math.floor(wanted) - search))
    sound = sound.slice(gone)
    wanted -= gone
    if (goesOn !== null) goesOn -= gone
  }

  return {
    push(samples: Int16Array): Int16Array {
      sound = joinSamples([sound, samples])
      const parts: Int16Array[] = []
      while (Math.round(wanted) + search + 2 * half <= sound.length) parts.push(next())
      forget()
      return joinSamples(parts)
    },
    /** The rest, which is played out. */
    end(): Int16Array {
      const parts: Int16Array[] = []
      while (wanted < sound.length - half) parts.push(next())
      return joinSamples(parts)
    },
  }
}
