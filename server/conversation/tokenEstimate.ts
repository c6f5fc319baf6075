/**
 * UTF-8 bytes per token before anything is known of the model's tokenizer. English has more bytes in a token with
 * any common tokenizer, so this errs on the safe side; other scripts have about one character, three bytes.
 */
const BYTES_PER_TOKEN = 3
/** What a chat template puts around one message: role, markers, line breaks. */
const TOKENS_PER_MESSAGE = 8
/** Kept above the corrected estimate, because the next text may be denser than those that were counted. */
const MARGIN = 1.1
/** A real count outside of these bounds says more about the count (a cut prompt, a huge template) than about the text. */
const correctionBounds = { least: 0.4, most: 4 }

type Contents = readonly { role: string; content: string }[]

export function createTokenEstimator() {
  let correction: number | undefined
  return {
    /** Tokens these messages take, rather too many than too few. */
    estimate(messages: Contents): number {
      const raw = rawEstimate(messages)
      return Math.ceil(correction === undefined ? raw : raw * correction * MARGIN)
    },
    /** Tells what a prompt really took (Ollama's `prompt_eval_count`); later estimates are corrected by it. */
    observe(messages: Contents, promptTokens: number | null): void {
      if (promptTokens === null || promptTokens <= 0 || messages.length === 0) return
      const { least, most } = correctionBounds
      correction = Math.min(most, Math.max(least, promptTokens / rawEstimate(messages)))
    },
  }
}

const rawEstimate = (messages: Contents) =>
  messages.reduce(
    (tokens, message) => tokens + TOKENS_PER_MESSAGE + Buffer.byteLength(message.content) / BYTES_PER_TOKEN,
    0,
  )
