import type { Sighting } from './scriptedWorld.ts'
import { ofEach, spelled, type Talked, told } from './sessionViews.ts'

/** After the last frame that can have been voiced, with what the ear takes for it. */
const HELD_WITHIN_MS = 1600

/** What holds of replies that somebody speaks over; each gives what is wrong with a whole session, or nothing. */
export const heldReplies: Record<string, (talked: Talked) => string | false> = {
  'a reply that stands still is sent nothing until it goes on, and goes on only if it was held': talked =>
    ofEach(talked, seen => {
      const held = spelled(seen, 'S', 'p', 'E', 'T', 'd', 'R', 'O', 'A', 'Z', 'e')
      if (/P[^GICX]*a/.test(held)) return `it was sent ${held}`
      const steps = held.replaceAll(/[aC]/g, '')
      return !/^(q?(?:P|(?<=q))G)*(q?P?)I?X$/.test(steps) && `it went ${steps}`
    }),
  'no reply stands still for as long as nobody speaks': talked =>
    ofEach(talked, (seen, id) => {
      // Who does not stand still may have played it to its end meanwhile, or stopped it.
      const moves = talked.seen.filter(
        one => isOverAtListener(one, id) || (seen.includes(one) && goesOnOrEnds(one)),
      )
      for (const { atMs } of told(seen, 'paused')) {
        const next = moves.find(one => one.atMs >= atMs)
        const until = next?.atMs ?? Number.POSITIVE_INFINITY
        if (until - Math.max(atMs, heardByMs(talked, until)) > HELD_WITHIN_MS)
          return `it stood still for ${until - atMs} ms`
      }
      return false
    }),
}

const goesOnOrEnds = (one: Sighting) =>
  one.what === 'told' && /^(?:resumed|interrupted|cut|turn\.done)$/.test(one.event.type)

const isOverAtListener = (one: Sighting, turnId: string) =>
  one.what === 'sent' &&
  one.message.type === 'playback' &&
  one.message.turnId === turnId &&
  (one.message.event === 'ended' || one.message.event === 'stopped')

/** When the slowest ear of the scripts, which keeps up with speech and no more, has heard all that came until then. */
function heardByMs({ frames }: Talked, untilMs: number): number {
  let [heardMs, lastEndMs] = [0, 0]
  for (const { endMs, atMs } of frames) {
    if (atMs > untilMs) break
    heardMs = Math.max(heardMs, atMs) + endMs - lastEndMs
    lastEndMs = endMs
  }
  return heardMs
}
