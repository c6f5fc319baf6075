import type { FastifySchemaCompiler } from 'fastify'
import type { TSchema } from 'typebox'
import { Compile } from 'typebox/schema'
import { QuantvoxError } from '../../errors.ts'
import { nearestHint } from '../../nearest.ts'

/**
 * A Fastify validator compiler that refuses unknown names where the schema has `additionalProperties: false`, and
 * says which name or value is wrong. Query strings and params are text: a property of type integer is read from
 * decimal digits, nothing else is converted. Fails with `invalid_request`.
 */
export const strictValidator: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  const check = Compile(schema)
  const properties: Record<string, TSchema> =
    'properties' in schema ? (schema.properties as Record<string, TSchema>) : {}
  const fromText = httpPart === 'querystring' || httpPart === 'params'
  return data => {
    const value = fromText ? withIntegers(data, properties) : data
    if (check.Check(value)) return { value }
    return { error: refusal(value, properties, () => check.Errors(value)[1]) }
  }
}

function withIntegers(data: unknown, properties: Record<string, TSchema>): unknown {
  if (typeof data !== 'object' || data === null) return data
  return Object.fromEntries(
    Object.entries(data).map(([name, value]) => {
      const schema = properties[name]
      const integer = schema !== undefined && 'type' in schema && schema.type === 'integer'
      return [name, integer && typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value]
    }),
  )
}

type SchemaError = { instancePath: string; message: string }

/** @param errors only asked for where no name is unknown: with very many of them it takes a while */
function refusal(data: unknown, properties: Record<string, TSchema>, errors: () => readonly SchemaError[]) {
  const known = Object.keys(properties)
  const unknown = Object.keys(data ?? {}).find(name => !known.includes(name))
  if (unknown !== undefined && known.length > 0) {
    return new QuantvoxError('invalid_request', `There is no parameter named "${unknown}".`, {
      mend: `${nearestHint(unknown, known)} All are ${known.join(', ')}.`,
    })
  }
  const said = errors().map(({ instancePath, message }) => {
    const name = instancePath.slice(1).replaceAll('/', '.')
    const description =
      properties[name] && 'description' in properties[name] ? properties[name].description : null
    return `${name === '' ? 'it' : name} ${message}${description ? ` (${description})` : ''}`
  })
  return new QuantvoxError('invalid_request', `The request is not valid: ${said.join('; ')}.`)
}
