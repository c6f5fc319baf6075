import type { PlaybackEvent } from './player.ts'

export type BrowserVoice = ReturnType<typeof createBrowserVoice>

/** What is to be said, and which characters of the reply it stands for. */
export type SpokenClause = { text: string; start: number; end: number }

type Reply = {
  turnId: string
  /** Clauses that are still to be spoken to their end. */
  waiting: number
  queuedTo: number
  spoken: number
  started: boolean
  /** Characters of the whole reply; null until it has come. */
  length: number | null
}

/** Some voices tell of every word, and the server is told a position, not words. */
const REPORT_EVERY_MS = 200

/**
 * The browser's own voice (voice `browser`). Reports how many characters of the reply were spoken: by word where the voice says
 * so, else by clause.
 */
export function createBrowserVoice(
  report: (turnId: string, event: PlaybackEvent, textLength: number) => void,
) {
  let reply: Reply | null = null
  let timer: ReturnType<typeof setTimeout> | undefined
  let isFresh = false
  /** The reply that has come whole. */
  let whole: { turnId: string; length: number } | null = null

  const tell = (of: Reply, event: PlaybackEvent) => report(of.turnId, event, of.spoken)

  function advance(of: Reply, spoken: number): void {
    if (reply !== of) return
    of.spoken = Math.max(of.spoken, spoken)
    if (of.started && timer !== undefined) {
      isFresh = true
      return
    }
    tell(of, of.started ? 'progress' : 'started')
    of.started = true
    rest()
  }

  /** What comes meanwhile is told after it. */
  function rest(): void {
    isFresh = false
    clearTimeout(timer)
    timer = setTimeout(() => {
      timer = undefined
      if (isFresh && reply !== null) advance(reply, 0)
    }, REPORT_EVERY_MS)
  }

  function queue(of: Reply, { text, start, end }: SpokenClause): void {
    const utterance = new SpeechSynthesisUtterance(text)
    utterance.onstart = () => advance(of, start)
    // Words that are said are not those that are written; by their share they are near enough.
    utterance.onboundary = ({ charIndex }) =>
      advance(of, start + Math.round(((end - start) * charIndex) / text.length))
    utterance.onend = () => {
      of.waiting--
      advance(of, end)
      endIfSpoken(of)
    }
    // A browser without a voice says so here; what was spoken so far is what was heard.
    utterance.onerror = () => finish(of, 'stopped')
    of.waiting++
    of.queuedTo = end
    speechSynthesis.speak(utterance)
  }

  function endIfSpoken(of: Reply): void {
    if (of.length === null || of.waiting > 0) return
    of.spoken = of.length
    finish(of, 'ended')
  }

  function finish(of: Reply, event: 'ended' | 'stopped'): void {
    if (reply !== of) return
    reply = null
    clearTimeout(timer)
    timer = undefined
    speechSynthesis.cancel()
    // One that was cancelled while it was paused stays paused.
    speechSynthesis.resume()
    tell(of, event)
  }

  function begin(turnId: string, started = false): Reply {
    // What is said instead of a reply without words comes after its end.
    const length = whole?.turnId === turnId ? whole.length : null
    return { turnId, waiting: 0, queuedTo: 0, spoken: 0, started, length }
  }

  return {
    /** Spoken after those before it. One that begins before their end is of a reply that was begun anew: they are void. */
    say(turnId: string, clause: SpokenClause): void {
      if (reply !== null && reply.turnId !== turnId) finish(reply, 'stopped')
      if (reply !== null && clause.start < reply.queuedTo) {
        reply = begin(turnId, reply.started)
        speechSynthesis.cancel()
      }
      reply ??= begin(turnId)
      queue(reply, clause)
    },
    /** The reply has come whole, and so has what is to be said of it. */
    complete(turnId: string, length: number): void {
      whole = { turnId, length }
      if (reply?.turnId !== turnId) return
      reply.length = length
      endIfSpoken(reply)
    },
    pause(turnId: string): void {
      if (reply?.turnId === turnId) speechSynthesis.pause()
    },
    resume(turnId: string): void {
      if (reply?.turnId === turnId) speechSynthesis.resume()
    },
    stop(): void {
      if (reply !== null) finish(reply, 'stopped')
    },
  }
}
