import { type SoundFacts, type SoundHold, soundHold } from './soundHold.ts'

/** A tap helps; a microphone that the system mutes takes more. */
const isHeld = (hold: SoundHold | null) => hold !== null && hold !== 'microphone-muted'

export type SoundKeeperOptions = {
  /** Replies play through it. */
  element: HTMLAudioElement
  now(): Pick<SoundFacts, 'listens' | 'plays' | 'microphoneMuted'>
  changed(): void
}

const PRESSES = ['pointerdown', 'keydown'] as const
/** Touches count as a tap only when they end, keys when they begin. */
const TAPS = ['pointerup', 'click', 'keydown'] as const

/** Sees when the sound is taken away, and gets it going again: at once, when the page is seen again, and at any tap. */
export function createSoundKeeper({ element, now, changed }: SoundKeeperOptions) {
  let context: AudioContext | null = null
  let hasRun = false
  let wasHeld = false

  function goOn(): void {
    const { listens, plays } = now()
    if (context === null || (!listens && !plays)) return
    // A browser that refuses says so by the state, which stays.
    if (context.state !== 'running' && context.state !== 'closed') void context.resume().catch(() => {})
    if (element.paused) void element.play().catch(() => {})
  }

  function look(): void {
    if (context?.state === 'running') hasRun = true
    else if (!document.hidden) goOn()
    changed()
  }

  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) goOn()
    changed()
  })
  // Before anything gets the sound going: what is pressed then is pressed for that.
  for (const name of PRESSES)
    document.addEventListener(
      name,
      () => {
        wasHeld = isHeld(held())
      },
      { capture: true, passive: true },
    )
  // A click that a screen reader makes has no press before it.
  document.addEventListener('click', () => {
    wasHeld = false
  })
  for (const name of TAPS) document.addEventListener(name, goOn, { capture: true, passive: true })
  element.addEventListener('pause', changed)
  element.addEventListener('playing', changed)

  function held(): SoundHold | null {
    return soundHold({
      ...now(),
      ...{ context: context?.state ?? null, hasRun },
      ...{ elementPaused: element.paused, pageHidden: document.hidden },
    })
  }

  return {
    watch(opened: AudioContext): void {
      context = opened
      opened.addEventListener('statechange', look)
      look()
    },
    held,
    /** When the latest press began: it lets the sound go on, and means nothing else. */
    wasHeld: (): boolean => wasHeld,
  }
}
