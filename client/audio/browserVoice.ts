import type { PlaybackEvent } from './player.ts'

export type BrowserVoice = ReturnType<typeof createBrowserVoice>

type Reply = {
  turnId: string
  text: string
  queued: number
  spoken: number
  started: boolean
  complete: boolean
}

/**
 * The browser's own voice (voice `browser`). Reports how many characters of the reply were spoken: by word where the voice says
 * so, else by sentence.
 */
export function createBrowserVoice(
  report: (turnId: string, event: PlaybackEvent, textLength: number) => void,
) {
  const sentences = new Intl.Segmenter('en', { granularity: 'sentence' })
  let reply: Reply | null = null

  function advance(of: Reply, spoken: number): void {
    if (reply !== of) return
    const event = of.started ? 'progress' : 'started'
    of.started = true
    of.spoken = Math.max(of.spoken, spoken)
    report(of.turnId, event, of.spoken)
  }

  function queue(of: Reply, sentence: string, start: number): void {
    const utterance = new SpeechSynthesisUtterance(sentence)
    utterance.onstart = () => advance(of, start)
    utterance.onboundary = ({ charIndex }) => advance(of, start + charIndex)
    utterance.onend = () => {
      advance(of, start + sentence.length)
      endIfSpoken(of)
    }
    // A browser without a voice says so here; what was spoken so far is what was heard.
    utterance.onerror = () => finish(of, 'stopped')
    speechSynthesis.speak(utterance)
  }

  function endIfSpoken(of: Reply): void {
    if (of.complete && of.spoken >= of.text.length) finish(of, 'ended')
  }

  function finish(of: Reply, event: 'ended' | 'stopped'): void {
    if (reply !== of) return
    reply = null
    speechSynthesis.cancel()
    // One that was cancelled while it was paused stays paused.
    speechSynthesis.resume()
    report(of.turnId, event, of.spoken)
  }

  function flush(of: Reply): void {
    const waiting = [...sentences.segment(of.text.slice(of.queued))].map(({ segment }) => segment)
    // The last sentence may go on.
    const whole = of.complete ? waiting : waiting.slice(0, -1)
    for (const sentence of whole) {
      queue(of, sentence, of.queued)
      of.queued += sentence.length
    }
  }

  return {
    /** Part of a reply; whole sentences are spoken as they come. */
    say(turnId: string, part: string): void {
      if (reply?.turnId !== turnId) {
        if (reply !== null) finish(reply, 'stopped')
        reply = { turnId, text: '', queued: 0, spoken: 0, started: false, complete: false }
      }
      reply.text += part
      flush(reply)
    },
    /** The reply has come whole. */
    complete(turnId: string): void {
      if (reply?.turnId !== turnId) return
      reply.complete = true
      flush(reply)
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
