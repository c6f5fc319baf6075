import type { TSchema } from 'typebox'
import { type StoredTurn, TurnRecord, TurnText } from '../protocol/record.ts'

/** A leaf of the turn record: `path` is dotted (`llm.tokensPerSecond`). A list is one, as JSON. */
export type RecordField = {
  path: string
  /** `llm`; null at the top. */
  group: string | null
  name: string
  numeric: boolean
  read(turn: StoredTurn): string | number | boolean | null
}

/** Every leaf of a stored turn, in the order of the schema; the text last. */
export const recordFields: readonly RecordField[] = [
  ...leavesOf(TurnRecord.properties, null),
  ...leavesOf(TurnText.properties, null),
]

/** The figures that a summary has statistics of. */
export const numericFields: readonly RecordField[] = recordFields.filter(field => field.numeric)

function leavesOf(properties: Record<string, TSchema>, group: string | null): RecordField[] {
  return Object.entries(properties).flatMap(([name, schema]) => {
    const whole = alternativesOf(schema).find(part => 'properties' in part)
    if (whole !== undefined) return leavesOf(whole.properties as Record<string, TSchema>, name)
    const path = group === null ? name : `${group}.${name}`
    return [{ path, group, name, numeric: isNumeric(schema), read: reader(group, name) }]
  })
}

/** The schemas of which one holds, null's among them. */
function alternativesOf(schema: TSchema): (TSchema & { properties?: unknown })[] {
  return 'anyOf' in schema ? (schema.anyOf as TSchema[]) : [schema]
}

function isNumeric(schema: TSchema): boolean {
  return alternativesOf(schema).some(
    part => 'type' in part && (part.type === 'number' || part.type === 'integer'),
  )
}

function reader(group: string | null, name: string): RecordField['read'] {
  return turn => {
    const holder = (group === null ? turn : turn[group as keyof StoredTurn]) as Record<string, unknown> | null
    const value = holder?.[name] ?? null
    return Array.isArray(value) ? JSON.stringify(value) : (value as string | number | boolean | null)
  }
}
