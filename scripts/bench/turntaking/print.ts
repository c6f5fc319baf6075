import type { Estimate, SoundFigures, Times, TurnFigures } from './figures.ts'

type Print = (line: string) => void

/** Delays in milliseconds and shares of cut-offs at which eot-bench compares. */
const EOT_DELAYS_MS = [300, 600] as const
const EOT_PERCENT = [5, 10] as const

/** One table a topic; a dash stands for what is not known. */
export function printTurns(all: readonly TurnFigures[], print: Print): void {
  table(print, 'Turns: mean (95 % by clip)', all, {
    'split in a hold, %': ({ splitPercent }) => estimate(splitPercent),
    'heard in a hold, %': ({ heardPercent }) => estimate(heardPercent),
    holds: ({ holds }) => `${holds}`,
    'never heard': ({ unheard, items }) => `${unheard} of ${items}`,
    'not answered': ({ unanswered, items }) => `${unanswered} of ${items}`,
    'CPU s an item': ({ cpuSeconds }) => number(cpuSeconds, 1),
    'discarded, %': ({ discardedPercent }) => number(discardedPercent),
    'wasted tokens': ({ wastedTokens }) => number(wastedTokens),
  })
  table(print, 'Milliseconds from the last voiced sample: mean (95 % by clip), p50, p90', all, {
    decided: ({ decidedMs }) => times(decidedMs),
    'token ready': ({ tokenReadyMs }) => times(tokenReadyMs),
    'token released': ({ tokenReleasedMs }) => times(tokenReleasedMs),
    'first audio': ({ firstAudioMs }) => times(firstAudioMs),
  })
  table(print, 'By the formula of eot-bench, with the best action delay and time-out on top', all, {
    ...Object.fromEntries(
      EOT_DELAYS_MS.map(ms => [
        `cut off at ${ms} ms, %`,
        ({ eot }: TurnFigures) => number(eot.cutPercentAt(ms), 1),
      ]),
    ),
    ...Object.fromEntries(
      EOT_PERCENT.map(share => [
        `ms at ${share} % cut off`,
        ({ eot }: TurnFigures) => number(eot.delayMsAt(share)),
      ]),
    ),
  })
}

export function printSounds(all: readonly SoundFigures[], print: Print): void {
  table(print, 'Sounds over a reply: milliseconds from their beginning, mean (95 % by clip), p50, p90', all, {
    'false stops, %': ({ falseStopPercent, fake }) => `${estimate(falseStopPercent)} of ${fake}`,
    'missed stops': ({ missed, real }) => `${missed} of ${real}`,
    ducked: ({ duckedMs }) => times(duckedMs),
    stopped: ({ stoppedMs }) => times(stoppedMs),
    'stop words, from their end': ({ stopWordEndMs }) => times(stopWordEndMs),
    'false, resumed': ({ resumedMs }) => times(resumedMs),
    'reply too short': ({ voids }) => `${voids}`,
    'CPU s an item': ({ cpuSeconds }) => number(cpuSeconds, 1),
  })
  const sets = [...new Set(all.flatMap(one => one.sets.map(({ set }) => set)))]
  table(
    print,
    'Replies stopped, by what was heard',
    all,
    Object.fromEntries(
      sets.map(name => [
        name,
        ({ sets: own }: SoundFigures) => {
          const found = own.find(({ set }) => set === name)
          return found === undefined ? '–' : `${found.stopped} of ${found.count}`
        },
      ]),
    ),
  )
  const wrong = all.flatMap(one => one.wrong.map(sound => ({ arm: one.arm, ...sound })))
  if (wrong.length === 0) return
  print('\nTold apart wrongly')
  for (const { arm, set, clip, speaker, heard } of wrong)
    print(`${arm}: ${set}, ${clip} (${speaker}), ${heard === null ? 'nothing understood' : `“${heard}”`}`)
}

function table<T extends { arm: string }>(
  print: Print,
  title: string,
  all: readonly T[],
  columns: Record<string, (one: T) => string>,
): void {
  const rows = [
    ['arm', ...Object.keys(columns)],
    ...all.map(one => [one.arm, ...Object.values(columns).map(read => read(one))]),
  ]
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map(row => row[column]?.length ?? 0)))
  print(`\n${title}`)
  for (const row of rows)
    print(
      row
        .map((cell, column) =>
          column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart((widths[column] ?? 0) + 2),
        )
        .join(''),
    )
}

const number = (value: number | null, digits = 0) => (value === null ? '–' : value.toFixed(digits))

function estimate(known: Estimate | null): string {
  if (known === null) return '–'
  const { value, interval } = known
  return interval === null
    ? number(value)
    : `${number(value)} (${interval.map(one => number(one)).join('–')})`
}

const times = (known: Times | null) =>
  known === null ? '–' : `${estimate(known.mean)}, ${number(known.p50)}, ${number(known.p90)}`
