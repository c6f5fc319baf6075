import type { TSchema } from 'typebox'
import { errorTable } from '../../server/errors.ts'
import { TurnRecord } from '../../server/protocol/record.ts'
import { clientMessages } from '../../server/protocol/socketClient.ts'
import { ServerMessage } from '../../server/protocol/socketServer.ts'

/** The parts of docs/protocol.md that are made from the schemas, by the name of their marks. */

type Shown = TSchema & {
  type?: string
  const?: unknown
  enum?: unknown[]
  anyOf?: Shown[]
  items?: Shown
  properties?: Record<string, Shown>
  required?: string[]
  description?: string
  minimum?: number
  maximum?: number
}

export const protocolParts: Record<string, () => string> = {
  'client messages': () => messages(Object.values(clientMessages) as Shown[]),
  'server messages': () => messages(ServerMessage.anyOf as Shown[]),
  'turn record': recordTable,
  'error codes': errorCodes,
}

function messages(schemas: Shown[]): string {
  const rows = schemas.map(({ properties = {}, required = [] }) => {
    const fields = Object.entries(properties).filter(([name]) => name !== 'type')
    const shown = fields.map(([name, schema]) => {
      const about = schema.description ? `, ${schema.description}` : ''
      return `\`${name}${required.includes(name) ? '' : '?'}\`: ${kindOf(schema)}${about}`
    })
    return `| \`${properties.type?.const}\` | ${shown.join('<br>') || '–'} |`
  })
  return table(['Message', 'Fields'], rows)
}

function kindOf(schema: Shown): string {
  if (schema.const !== undefined) return `\`${schema.const}\``
  if (schema.enum) return schema.enum.map(value => `\`${value}\``).join(', ')
  if (schema.anyOf) return schema.anyOf.map(kindOf).join(' or ')
  if (schema.properties) {
    const names = Object.keys(schema.properties)
    return names.length > 12 ? 'object, see below' : `{${names.join(', ')}}`
  }
  const { minimum, maximum } = schema
  const range =
    minimum !== undefined && maximum !== undefined
      ? ` ${minimum}–${maximum}`
      : minimum !== undefined
        ? ` ≥ ${minimum}`
        : ''
  return schema.items ? `list of ${kindOf(schema.items)}` : `${schema.type}${range}`
}

function recordTable(): string {
  const rows = fieldsOf(TurnRecord.properties as Record<string, Shown>, '')
  return table(['Field', 'Meaning'], rows)
}

/** A row for each field, those of its parts and of what it lists behind it. */
function fieldsOf(properties: Record<string, Shown>, before: string): string[] {
  return Object.entries(properties).flatMap(([name, schema]) => {
    const whole = [schema, ...(schema.anyOf ?? [])].find(part => part.properties)
    if (whole?.properties) return fieldsOf(whole.properties, `${before}${name}.`)
    const row = `| \`${before}${name}\` | ${aboutOf(schema)} |`
    return [row, ...fieldsOf(schema.items?.properties ?? {}, `${before}${name}[].`)]
  })
}

function aboutOf(schema: Shown): string {
  const inner = schema.anyOf?.find(({ type }) => type !== 'null')
  return (
    schema.description ??
    inner?.description ??
    (inner ?? schema).enum?.map(value => `\`${value}\``).join(', ') ??
    ''
  )
}

function errorCodes(): string {
  const rows = Object.entries(errorTable).map(
    ([code, { http, close, recoverable }]) =>
      `| \`${code}\` | ${http} | ${close ?? '–'} | ${recoverable ? 'yes' : 'no'} |`,
  )
  return table(['Code', 'HTTP', 'Close', 'Recoverable'], rows)
}

function table(head: string[], rows: string[]): string {
  return `${[`| ${head.join(' | ')} |`, `|${'---|'.repeat(head.length)}`, ...rows].join('\n')}\n`
}
