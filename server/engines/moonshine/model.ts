import { type InferenceSession, Tensor } from 'onnxruntime-node'
import { PCM_SAMPLE_RATE } from '../../audio/pcm.ts'
import { loadNetwork } from '../../inference/onnxNetwork.ts'
import { readModelFile } from './modelFile.ts'
import { decodeTokens, readTokens } from './tokens.ts'

const START = 1
const END = 2
/** Of English speech; what goes beyond it is a loop (the same limit as in Useful Sensors' own code). */
const MAX_TOKENS_PER_SECOND = 6.5
/** The encoder's convolutions need so many to give one frame: 127, then 7 and 3 of their outputs 64 and 192 apart. */
const MIN_SAMPLES = 127 + 6 * 64 + 2 * 192

export type MoonshineAnswer = {
  text: string
  tokens: number[]
  /** Natural logarithm of the probability of each token and of the end. */
  logProbabilities: number[]
  /** How many tokens of the draft were heard in this audio too, and cost no step of their own. */
  draftKept: number
  encodeMs: number
  decodeMs: number
}

export type MoonshineModel = {
  /**
   * One greedy decoding of 16 kHz samples, full scale ±1.
   * @param draft tokens that an earlier decoding of the beginning gave: one pass of the decoder checks them all (speculative
   * decoding, Leviathan et al. 2023, with that text as the draft), and what it would have said otherwise counts
   * @param signal looked at after each token
   */
  transcribe(samples: Float32Array, draft: readonly number[], signal: AbortSignal): Promise<MoonshineAnswer>
}

type Feeds = Record<string, Tensor>

/**
 * Moonshine (Useful Sensors, MIT; "Moonshine: Speech Recognition for Live Transcription and Voice Commands", 2024) as ONNX graphs: an
 * encoder over raw samples and a decoder whose two branches, with and without a cache of keys and values, are one graph.
 * Running it holds up the event loop, for a token at a time.
 * @param path a file of `modelFile.ts`
 */
export async function loadMoonshine(path: string, threads: number): Promise<MoonshineModel> {
  const files = await readModelFile(path)
  const encoder = await loadNetwork(files.encoder, threads)
  const decoder = await loadNetwork(files.decoder, threads)
  const tokens = readTokens(files.tokenizer)
  const pastNames = decoder.inputNames.filter(name => name.startsWith('past_key_values.'))
  const isOfDecoder = (name: string) => name.includes('.decoder.')
  const presentOf = (name: string) => name.replace('past_key_values', 'present')
  const growing = pastNames.filter(isOfDecoder)
  const [heads, width] = headsOf(decoder)

  async function encode(samples: Float32Array): Promise<Tensor> {
    const padded =
      samples.length >= MIN_SAMPLES
        ? samples
        : Float32Array.from({ length: MIN_SAMPLES }, (_, at) => samples[at] ?? 0)
    const shape = [1, padded.length]
    const feeds: Feeds = { input_values: new Tensor('float32', padded, shape) }
    // Only some exports take one; there is never any padding to mask.
    if (encoder.inputNames.includes('attention_mask')) feeds.attention_mask = ones(padded.length)
    const { last_hidden_state: hidden } = await encoder.run(feeds)
    if (hidden === undefined) throw new Error('The encoder gives no hidden states.')
    return hidden
  }

  /** Steps of the decoder over one encoded clip; the cache is kept between them. */
  function stepsOver(hidden: Tensor, sampleCount: number) {
    const empty = () => new Tensor('float32', new Float32Array(0), [1, heads, 0, width])
    const fixed: Feeds = { encoder_hidden_states: hidden }
    // By samples, not by frames: the graph takes every 384th.
    if (decoder.inputNames.includes('encoder_attention_mask'))
      fixed.encoder_attention_mask = ones(sampleCount)
    let cache: Feeds = Object.fromEntries(pastNames.map(name => [name, empty()]))
    let begun = false

    return {
      /** Logits of what follows each of `ids`, [1, ids, tokens]. */
      async next(ids: readonly number[]): Promise<Tensor> {
        const fetched = (begun ? growing : pastNames).map(presentOf)
        const out = await decoder.run(
          {
            ...{ ...fixed, ...cache },
            input_ids: new Tensor('int64', BigInt64Array.from(ids, BigInt), [1, ids.length]),
            use_cache_branch: new Tensor('bool', Uint8Array.of(begun ? 1 : 0), [1]),
          },
          ['logits', ...fetched],
        )
        const renewed = (begun ? growing : pastNames).map(name => [name, out[presentOf(name)]] as const)
        cache = { ...cache, ...(Object.fromEntries(renewed) as Feeds) }
        begun = true
        return out.logits as Tensor
      },
      /** Forgets all but the first `count` tokens that it was given. */
      keep(count: number): void {
        for (const name of growing) cache[name] = firstOf(cache[name] as Tensor, count)
      },
    }
  }

  return {
    async transcribe(samples, draft, signal) {
      const startedAt = performance.now()
      const hidden = await encode(samples)
      const encodedAt = performance.now()
      signal.throwIfAborted()
      const limit = Math.ceil((samples.length / PCM_SAMPLE_RATE) * MAX_TOKENS_PER_SECOND)
      const steps = stepsOver(hidden, Math.max(samples.length, MIN_SAMPLES))
      const heard: number[] = []
      const logProbabilities: number[] = []
      let asked = [START, ...draft.slice(0, limit)]
      let draftKept = 0
      for (let ended = false; !ended; ) {
        const logits = await steps.next(asked)
        signal.throwIfAborted()
        for (let position = 0; position < asked.length && !ended; position++) {
          const { token, logProbability } = likeliest(logits, position)
          logProbabilities.push(logProbability)
          ended = token === END || heard.length >= limit
          if (ended) break
          heard.push(token)
          if (position === asked.length - 1) break
          if (asked[position + 1] === token) draftKept++
          else {
            steps.keep(position + 1)
            break
          }
        }
        asked = heard.slice(-1)
      }
      const decodeMs = performance.now() - encodedAt
      const text = decodeTokens(tokens, heard)
      return { text, tokens: heard, logProbabilities, draftKept, encodeMs: encodedAt - startedAt, decodeMs }
    },
  }
}

const ones = (length: number) => new Tensor('int64', new BigInt64Array(length).fill(1n), [1, length])

function headsOf(decoder: InferenceSession): [heads: number, width: number] {
  const key = decoder.inputMetadata.find(({ name }) => name === 'past_key_values.0.decoder.key')
  if (key?.isTensor !== true) throw new Error('The decoder takes no cache of keys and values.')
  const [, heads, , width] = key.shape
  if (typeof heads !== 'number' || typeof width !== 'number') throw new Error('The cache has no fixed size.')
  return [heads, width]
}

/** The first `count` positions of keys or values, [1, heads, positions, width]. */
function firstOf(tensor: Tensor, count: number): Tensor {
  const [, heads = 0, positions = 0, width = 0] = tensor.dims
  const from = tensor.data as Float32Array
  const kept = new Float32Array(heads * count * width)
  for (let head = 0; head < heads; head++) {
    const start = head * positions * width
    kept.set(from.subarray(start, start + count * width), head * count * width)
  }
  return new Tensor('float32', kept, [1, heads, count, width])
}

/** The likeliest token after the one at `position`. */
function likeliest(logits: Tensor, position: number): { token: number; logProbability: number } {
  const size = logits.dims[2] ?? 0
  const row = (logits.data as Float32Array).subarray(position * size, (position + 1) * size)
  let token = 0
  for (let id = 1; id < size; id++) if ((row[id] ?? 0) > (row[token] ?? 0)) token = id
  const highest = row[token] ?? 0
  let sum = 0
  for (let id = 0; id < size; id++) sum += Math.exp((row[id] ?? 0) - highest)
  return { token, logProbability: -Math.log(sum) }
}
