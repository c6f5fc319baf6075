import type { Margins } from '../../protocol/comparisonFigures.ts'

/**
 * What a difference must exceed to be called one, written into the plan of every run before it measures. A verdict
 * needs the whole 95 % interval beyond it. Speeds within 5 % feel the same and a laptop's clock drifts by that much;
 * half a point of word error is one word in 200. Figures that are not named get no verdict: they describe.
 */
export const defaultMargins: Margins = {
  fileBytes: { better: 'lower', kind: 'ratio', margin: 0.01 },
  bitsPerWeight: { better: 'lower', kind: 'ratio', margin: 0.01 },
  loadMs: { better: 'lower', kind: 'ratio', margin: 0.1 },
  residentBytes: { better: 'lower', kind: 'ratio', margin: 0.05 },
  inferenceMs: { better: 'lower', kind: 'ratio', margin: 0.05 },
  realTimeFactor: { better: 'lower', kind: 'ratio', margin: 0.05 },
  wordErrorRate: { better: 'lower', kind: 'difference', margin: 0.5 },
  characterErrorRate: { better: 'lower', kind: 'difference', margin: 0.5 },
  wordErrorRateToReference: { better: 'lower', kind: 'difference', margin: 1 },
  inventedWords: { better: 'lower', kind: 'difference', margin: 1 },
  cpuSecondsPerAudioSecond: { better: 'lower', kind: 'ratio', margin: 0.05 },
  joulesPerTurn: { better: 'lower', kind: 'ratio', margin: 0.05 },
  promptTokensPerSecond: { better: 'higher', kind: 'ratio', margin: 0.05 },
  tokensPerSecond: { better: 'higher', kind: 'ratio', margin: 0.05 },
  firstTokenMs: { better: 'lower', kind: 'ratio', margin: 0.05 },
  timePerOutputTokenMs: { better: 'lower', kind: 'ratio', margin: 0.05 },
  tokenAgreement: { better: 'higher', kind: 'difference', margin: 2 },
  klTop20: { better: 'lower', kind: 'difference', margin: 0.01 },
  checkedRight: { better: 'higher', kind: 'difference', margin: 2 },
  cpuSecondsPerAnswer: { better: 'lower', kind: 'ratio', margin: 0.05 },
  turnDecidedMs: { better: 'lower', kind: 'ratio', margin: 0.05 },
  transcriptMs: { better: 'lower', kind: 'ratio', margin: 0.05 },
  firstClauseMs: { better: 'lower', kind: 'ratio', margin: 0.05 },
  firstAudioMs: { better: 'lower', kind: 'ratio', margin: 0.05 },
  firstSoundMs: { better: 'lower', kind: 'ratio', margin: 0.05 },
  playbackStartedMs: { better: 'lower', kind: 'ratio', margin: 0.05 },
  replyDoneMs: { better: 'lower', kind: 'ratio', margin: 0.05 },
  cpuSecondsPerTurn: { better: 'lower', kind: 'ratio', margin: 0.05 },
}
