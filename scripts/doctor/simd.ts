import { type Finding, finding } from './finding.ts'

/** What the CPU has, as Linux names it, beside what an engine should then say it uses, the most telling first. */
const wanted: readonly { flag: string; feature: string; state: 'note' | 'wrong' }[] = [
  { flag: 'avx2', feature: 'AVX2', state: 'wrong' },
  { flag: 'asimd', feature: 'NEON', state: 'wrong' },
  { flag: 'fma', feature: 'FMA', state: 'note' },
  { flag: 'avx512f', feature: 'AVX512', state: 'note' },
  { flag: 'asimddp', feature: 'DOTPROD', state: 'note' },
]

/**
 * Whether an engine uses the CPU's SIMD instructions.
 *
 * @param features as the engine says; null where it said nothing
 * @param flags of the CPU; null where the system does not list them
 */
export function examineSimd(engine: string, features: string[] | null, flags: string[] | null): Finding {
  const what = `SIMD of ${engine}`
  const why = 'Without the SIMD instructions of its CPU an engine is several times slower.'
  if (features === null) {
    const mend = `Look for "${engine === 'Ollama' ? 'msg=system' : 'system_info'}" in its log.`
    return finding(what, 'not told: it is not ours to hear', { state: 'note', mend }, why)
  }
  const uses = `it uses ${features.join(', ') || 'none'}`
  const missing = wanted.filter(({ flag, feature }) => flags?.includes(flag) && !features.includes(feature))
  const [worst] = missing
  if (worst === undefined) return finding(what, uses, null, why)
  return finding(
    what,
    `${uses}; the CPU also has ${missing.map(({ feature }) => feature).join(', ')}`,
    {
      state: worst.state,
      mend: `Use a build for this CPU: take ${engine} off PATH or stop it, and the server gets its own.`,
    },
    why,
  )
}
