import type { PartialText } from '../recognizer.ts'

export type PartialTextMaker = {
  /** Takes the next decoding of the growing utterance. */
  decoded(text: string): Pick<PartialText, 'text' | 'stableLength'>
  /** Later decodings begin after what the last one heard: all of it stays. */
  freeze(): void
}

/**
 * Words become stable when two successive decodings agree on them (local agreement, D. Macháček et al., "Turning Whisper
 * into Real-Time Transcription System", 2023). What is stable stays, even if a later decoding sees it differently.
 */
export function createPartialText(): PartialTextMaker {
  let frozen: string[] = []
  let stable = 0
  let last: string[] = []

  const joined = (words: readonly string[]) => words.join(' ')

  return {
    decoded(text) {
      const words = text.split(/\s+/).filter(Boolean)
      const shown = [...last.slice(0, stable), ...words.slice(stable)]
      let agreed = stable
      while (agreed < shown.length && agreed < last.length && shown[agreed] === last[agreed]) agreed++
      stable = agreed
      last = shown
      const whole = joined([...frozen, ...shown])
      return { text: whole, stableLength: joined([...frozen, ...shown.slice(0, stable)]).length }
    },
    freeze() {
      frozen = [...frozen, ...last]
      last = []
      stable = 0
    },
  }
}
