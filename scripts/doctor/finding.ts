import Type, { type Static } from 'typebox'
import { TurnRecord } from '../../server/protocol/record.ts'

export const Finding = Type.Object({
  what: Type.String({ description: 'what was looked at' }),
  state: Type.Enum(['ok', 'note', 'wrong'], {
    description:
      'note: works, but could be better, or could not be looked at; wrong: turns fail, or something is unsafe',
  }),
  found: Type.String(),
  why: Type.String({ description: 'why it matters' }),
  mend: Type.String({ description: 'how to mend it; empty where nothing is to be mended' }),
})
export type Finding = Static<typeof Finding>

/** What `quantvox doctor --json` prints. */
export const Report = Type.Object({
  findings: Type.Array(Finding),
  turn: Type.Union([TurnRecord, Type.Null()], { description: 'of the self-test, with its timings' }),
})
export type Report = Static<typeof Report>

type Problem = { state: 'note' | 'wrong'; mend: string; why?: string }

/** One finding: fine where `problem` is null, else with the state it has, and with its own reason where it has one. */
export function finding(what: string, found: string, problem: Problem | null, why: string): Finding {
  return {
    what,
    found,
    why: problem?.why ?? why,
    state: problem?.state ?? 'ok',
    mend: problem?.mend ?? '',
  }
}
