export type Finding = {
  what: string
  /** `note`: works, but could be better; `wrong`: a turn cannot be answered, or something unsafe. */
  state: 'ok' | 'note' | 'wrong'
  found: string
  why: string
  mend: string
}

/** One finding: fine where `problem` is null, else with the state it has. */
export function finding(
  what: string,
  found: string,
  problem: { state: 'note' | 'wrong'; mend: string } | null,
  why: string,
): Finding {
  return { what, found, why, state: problem?.state ?? 'ok', mend: problem?.mend ?? '' }
}
