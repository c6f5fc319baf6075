import { outlineOf } from './outline.ts'

/** One level every so often runs around the shape, whatever the screen's rate. */
const STEP_MS = 16
/** From its top to its bottom. */
const STEPS = 26
/** In units of the view box, which is 200 wide and 1.4 times as wide as the control. */
const RADIUS = 100 / 1.4
const REACH = 27
/** Less is not to be seen. */
const SEEN_FROM = 0.02

const SVG = 'http://www.w3.org/2000/svg'
const isQuiet = matchMedia('(prefers-reduced-motion: reduce)')

/**
 * A shape around the control that moves with what sounds, by its real level, 0 to 1: the microphone or the reply. It is drawn
 * only while something sounds; where motion is not wanted, never.
 */
export function createVoiceShape(level: () => number) {
  const element = document.createElementNS(SVG, 'svg')
  element.setAttribute('class', 'voice-shape')
  element.setAttribute('viewBox', '-100 -100 200 200')
  element.setAttribute('aria-hidden', 'true')
  const path = document.createElementNS(SVG, 'path')
  path.setAttribute('fill-rule', 'evenodd')
  element.append(path)
  /** Newest first; empty while nothing is drawn. */
  let levels: number[] = []
  let drawnAtMs = 0

  function draw(nowMs: number): void {
    const steps = Math.min(STEPS, Math.floor((nowMs - drawnAtMs) / STEP_MS))
    if (steps > 0) {
      drawnAtMs = nowMs
      const now = level()
      levels = [...Array.from({ length: steps }, () => now), ...levels].slice(0, STEPS)
      if (isQuiet.matches || levels.every(each => each < SEEN_FROM)) {
        levels = []
        path.removeAttribute('d')
        return
      }
      path.setAttribute('d', outlineOf(levels, RADIUS, REACH))
    }
    requestAnimationFrame(draw)
  }

  return {
    element,
    /** Time went on: something may sound now. */
    tick(): void {
      if (levels.length > 0 || isQuiet.matches || level() < SEEN_FROM) return
      levels = Array.from({ length: STEPS }, () => 0)
      drawnAtMs = performance.now()
      requestAnimationFrame(draw)
    },
  }
}
