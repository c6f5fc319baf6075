import { QuantvoxError } from '../../errors.ts'
import type { Tool, ToolSession } from '../toolbox.ts'
import { asDescription, cut } from '../untrusted.ts'
import { MOST_TIMERS, nameOf, spokenTime, type Timer } from './timers.ts'

const LONGEST_MS = 24 * 60 * 60_000
/** Of a name, which is spoken. */
const MOST_LETTERS = 40
const units = { hours: 3_600_000, minutes: 60_000, seconds: 1000 }

const setTimer: Tool = {
  name: 'set_timer',
  description: 'Sets a timer. The assistant says so by itself when it is over.',
  parameters: {
    type: 'object',
    properties: {
      hours: { type: 'number' },
      minutes: { type: 'number' },
      seconds: { type: 'number' },
      name: { type: 'string', description: 'What it is for, if the user said so.' },
    },
  },
  policy: 'auto',
  async run(given, _signal, { session, turnId }) {
    const { timers } = within(session)
    const lastsMs = lengthOf(given)
    const name = nameIn(given)
    if (!timers.set({ lastsMs, name, turnId })) throw refused(`${MOST_TIMERS} timers run, and no more may.`)
    return `The ${nameOf({ lastsMs, name })} is set. The user is told when ${spokenTime(lastsMs)} are over, if this session lasts so long.`
  },
}

const listTimers: Tool = {
  name: 'list_timers',
  description: 'Tells which timers run, and how long they still do.',
  parameters: { type: 'object', properties: {} },
  policy: 'auto',
  async run(_given, _signal, { session }) {
    const now = performance.now()
    const told = within(session)
      .timers.list()
      .map(timer => `The ${nameOf(timer)} has ${spokenTime(timer.endsAtMs - now)} left.`)
    return told.length === 0 ? 'No timer runs.' : told.join('\n')
  },
}

const cancelTimer: Tool = {
  name: 'cancel_timer',
  description: 'Cancels a timer.',
  parameters: {
    type: 'object',
    properties: {
      name: { type: 'string', description: 'What it is for, or how long it lasts; all: every timer.' },
    },
  },
  policy: 'auto',
  async run(given, _signal, { session }) {
    const { timers } = within(session)
    const running = timers.list()
    const meant = meantBy(nameIn(given), running)
    if (running.length === 0) return 'No timer runs.'
    const names = running.map(nameOf).join(', ')
    if (meant.length === 0) throw refused(`It is not known which one is meant. There are: ${names}.`)
    for (const timer of meant) timers.cancel(timer)
    return `Cancelled: ${meant.map(nameOf).join(', ')}.`
  },
}

/** Timers that speak up, for whoever can be spoken to later. */
export const timerTools: readonly Tool[] = [setTimer, listTimers, cancelTimer]

function within(session: ToolSession | null): ToolSession {
  if (session !== null) return session
  throw refused('There are no timers here: nobody could be told when one is over. Live sessions have them.')
}

/** Models write numbers as texts, too. */
function lengthOf(given: Record<string, unknown>): number {
  const lastsMs = Object.entries(units).reduce((sum, [unit, ms]) => sum + Number(given[unit] ?? 0) * ms, 0)
  if (lastsMs >= 1000 && lastsMs <= LONGEST_MS) return lastsMs
  throw refused('Say how many hours, minutes or seconds; from one second to 24 hours.')
}

function nameIn({ name }: Record<string, unknown>): string | null {
  const words = typeof name === 'string' ? asDescription(name).replace(/\s*\btimer$/i, '') : ''
  return words === '' ? null : cut(words, MOST_LETTERS)
}

/** The only one is meant where none is named; of those that are named alike, the next to end. */
function meantBy(name: string | null, running: readonly Timer[]): readonly Timer[] {
  if (name === null) return running.length === 1 ? running : []
  if (/^(?:all|every\w*)\b/i.test(name)) return running
  const named = (words: (timer: Timer) => string) =>
    running.filter(timer => bare(words(timer)) === bare(name)).slice(0, 1)
  const byName = named(timer => timer.name ?? '')
  return byName.length > 0 ? byName : named(({ lastsMs }) => spokenTime(lastsMs))
}

const bare = (text: string) =>
  text
    .toLowerCase()
    .replace(/\b(?:the|my|a|timer|for)\b/g, ' ')
    .replace(/s?(?:[^\p{L}\p{N}]+|$)/gu, ' ')
    .trim()

const refused = (why: string) => new QuantvoxError('tool_failed', why)
