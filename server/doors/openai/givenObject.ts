import Type from 'typebox'

/** Whoever writes JSON again does so with a stack; no schema and no call of a function comes near. */
const MOST_LEVELS = 100

export function isTooDeep(value: unknown, levels = MOST_LEVELS): boolean {
  if (typeof value !== 'object' || value === null) return false
  return levels === 0 || Object.values(value).some(inner => isTooDeep(inner, levels - 1))
}

/** An object of a client that is handed on as it is. */
export const GivenObject = Type.Refine(
  Type.Object({}),
  value => !isTooDeep(value),
  () => `is nested deeper than ${MOST_LEVELS} levels`,
)
