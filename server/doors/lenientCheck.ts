import type { FastifySchemaCompiler } from 'fastify'
import type { Static, TSchema } from 'typebox'
import { Compile } from 'typebox/schema'
import { QuantvoxError } from '../errors.ts'

/** Characters of a path or message that a client sent a part of. */
const MOST_SAID = 300

/**
 * Checks what clients of other people's protocols send: fields that the schema does not name are ignored, null is as good as left out.
 * @returns a function that throws `invalid_request` with the first wrong field
 */
export function lenientCheck<S extends TSchema>(schema: S): (data: unknown) => Static<S> {
  const check = Compile(schema)
  return data => {
    const value = withoutNulls(data)
    if (check.Check(value)) return value as Static<S>
    const [first] = check.Errors(value)[1]
    const missing = first?.keyword === 'required' ? first.params.requiredProperties[0] : undefined
    const path = first?.instancePath.split('/').slice(1) ?? []
    const param = [...path, ...(missing === undefined ? [] : [missing])].join('.').slice(0, MOST_SAID)
    const said = `${param === '' ? 'The request' : param} ${first?.message ?? 'is not valid'}.`
    throw new QuantvoxError('invalid_request', said.slice(0, MOST_SAID), param === '' ? {} : { param })
  }
}

/** The same as Fastify's validator compiler. */
export const lenientValidator: FastifySchemaCompiler<TSchema> = ({ schema }) => {
  const check = lenientCheck(schema)
  return data => {
    try {
      return { value: check(data) }
    } catch (error) {
      return { error: error as QuantvoxError }
    }
  }
}

export function withoutNulls(data: unknown): unknown {
  if (typeof data !== 'object' || data === null || Array.isArray(data)) return data
  return Object.fromEntries(Object.entries(data).filter(([, value]) => value !== null))
}
