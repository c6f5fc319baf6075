import type { SpeechEngineLease } from '../../server/engineLease.ts'
import { createFindSpeech } from '../../server/hearing/speechSegments.ts'
import { createVoiceActivity } from '../../server/hearing/voiceActivity.ts'
import { wordErrorRate } from '../../server/lab/index.ts'
import { recognizeClip, type SpeechLevel } from '../../server/recognition/recognizer.ts'
import { createSpeechRecognizer } from '../../server/recognition/speechRecognizer.ts'
import { loopIn } from '../../server/recognition/utterance/loopGuard.ts'
import { median } from '../../server/shared/quantiles.ts'
import { readSpeechClips, type SpeechClip } from './speechClips.ts'
import { type Decoding, decodeText } from './speechDecode.ts'

export type SpeechBenchOptions = {
  /** Folder with clips and their `manifest.json`. */
  directory: string
  levels: SpeechLevel[]
  /** How often each clip is decoded in each way; the first is not timed. */
  rounds: number
  /** An engine that has the level loaded. */
  acquire(level: SpeechLevel, signal: AbortSignal): Promise<SpeechEngineLease>
  signal: AbortSignal
  print(line: string): void
}

export type SpeechBenchLevel = Awaited<ReturnType<typeof benchLevel>>

/**
 * What the recognizer's window saves and costs, per level: the whole clip with the full window, as whisper-server does it by
 * itself, against our recognizer (trimmed, short window, loop guard, judgement), in alternating order in one run.
 */
export async function runSpeechBench(options: SpeechBenchOptions): Promise<SpeechBenchLevel[]> {
  const { signal, print } = options
  const clips = await readSpeechClips(
    options.directory,
    createFindSpeech(await createVoiceActivity()),
    signal,
  )
  const results: SpeechBenchLevel[] = []
  print(
    row(['level', 'full ms', 'ours ms', 'ratio', 'full WER', 'ours WER', 'loops', '2nd passes', 'invented']),
  )
  for (const level of options.levels) {
    const result = await benchLevel(level, clips, options)
    results.push(result)
    const { full, ours } = result
    print(
      row([
        result.level,
        full.medianMs.toFixed(0),
        ours.medianMs.toFixed(0),
        result.medianRatio.toFixed(2),
        `${full.wordErrorRate.toFixed(2)} %`,
        `${ours.wordErrorRate.toFixed(2)} %`,
        `${full.loops.length} / ${ours.loops.length}`,
        String(ours.secondPasses),
        `${result.invented.ours.length} / ${result.invented.unjudged.length}`,
      ]),
    )
  }
  return results
}

async function benchLevel(
  level: SpeechLevel,
  clips: SpeechClip[],
  { rounds, acquire, signal }: SpeechBenchOptions,
) {
  const lease = await acquire(level, signal)
  try {
    const recognizer = createSpeechRecognizer({ acquire: async () => ({ ...lease, release: () => {} }) })
    const ways = {
      full: (clip: SpeechClip) => decodeText(lease.baseUrl, clip.samples, signal),
      ours: async (clip: SpeechClip): Promise<Decoding> => {
        const started = performance.now()
        const asked = { model: level, language: 'en', owner: 'bench' }
        const { text, passes } = await recognizeClip(recognizer, clip.samples, clip.found, asked, signal)
        return { text, passes, ms: performance.now() - started }
      },
    }
    const spoken = clips.filter(clip => clip.kind === 'speech')
    const runs = spoken.map(clip => ({ clip, full: [] as Decoding[], ours: [] as Decoding[] }))
    for (let round = 0; round <= rounds; round++) {
      for (const [index, run] of runs.entries()) {
        const order = (round + index) % 2 === 0 ? (['full', 'ours'] as const) : (['ours', 'full'] as const)
        for (const way of order) {
          const decoding = await ways[way](run.clip)
          if (round > 0) run[way].push(decoding)
        }
      }
    }
    const unjudged: string[] = []
    const invented: string[] = []
    for (const clip of clips.filter(({ kind }) => kind === 'nonspeech')) {
      unjudged.push((await ways.full(clip)).text)
      invented.push((await ways.ours(clip)).text)
    }
    const medians = (way: 'full' | 'ours') => runs.map(run => median(run[way].map(({ ms }) => ms)))
    const [full, ours] = [medians('full'), medians('ours')]
    // Figures of one way to decode: the full window of 30 s, or ours. Times in milliseconds, rates in percent.
    const side = (way: 'full' | 'ours', times: number[]) => ({
      medianMs: median(times),
      wordErrorRate: wordErrorRate(
        runs.flatMap(run => run[way].map(({ text }) => ({ reference: run.clip.text, hypothesis: text }))),
      ),
      /** Clips whose text was a loop in any round. */
      loops: runs
        .filter(run =>
          run[way].some(({ text }) => loopIn({ text, tokens: 0, audioMs: run.clip.audioMs }) !== null),
        )
        .map(run => run.clip.file),
      /** Decodings beyond one a piece, made by the loop guard. */
      secondPasses: runs.reduce(
        (sum, run) => sum + run[way].reduce((more, { passes }) => more + passes - 1, 0),
        0,
      ),
    })
    return {
      level: level.name,
      clips: spoken.length,
      words: spoken.reduce((sum, clip) => sum + clip.text.split(/[\s-]+/).length, 0),
      full: side('full', full),
      ours: side('ours', ours),
      /** Median over clips of our time by the full window's, each from the medians of the same run. */
      medianRatio: median(ours.map((ms, index) => ms / (full[index] ?? Number.NaN))),
      /** Clips without speech: the texts that got through, and those that a decoding without any judgement gives. */
      invented: {
        ours: invented.filter(text => text !== ''),
        unjudged: unjudged.filter(text => text !== ''),
      },
    }
  } finally {
    lease.release()
  }
}

function row(cells: string[]): string {
  return cells.map((cell, index) => (index === 0 ? cell.padEnd(24) : cell.padStart(11))).join('')
}
