import type { FastifyRequest } from 'fastify'
import Type, { type Static } from 'typebox'
import { QuantvoxError } from '../../../errors.ts'
import { CompareWith, TurnChoices } from '../../../protocol/turns.ts'
import { readForm, refused } from '../form.ts'
import { strictValidator } from '../strictValidator.ts'

type Upload = { clip: Buffer; choices: TurnChoices; compareWith: CompareWith | undefined }

const FILE = 'audio'
const limits = { fields: 20, parts: 22, fieldSize: 1000 }

/**
 * Reads the form of a spoken turn: the file `audio` and the choices beside it.
 * Throws `invalid_request` for any other form and one that is cut, `too_large` as soon as the file is.
 */
export async function readUpload(request: FastifyRequest, maxBytes: number): Promise<Upload> {
  const fields: Record<string, unknown> = {}
  const clip = await readForm(request, { file: FILE, maxBytes, limits }, (name, value) => {
    if (Object.hasOwn(fields, name)) throw refused(`The form has "${name}" twice.`, name)
    fields[name] = name === 'compareWith' ? jsonIn(value) : value
  })
  const { compareWith, ...choices } = checkedChoices(fields)
  if (clip === null) throw refused(`The form has no file "${FILE}".`, FILE, 'Send a WAV file in it.')
  return { clip, choices, compareWith }
}

const Fields = Type.Object(
  { ...TurnChoices.properties, compareWith: Type.Optional(CompareWith) },
  { additionalProperties: false },
)

const checkChoices = strictValidator({
  schema: Fields,
  method: 'POST',
  url: '/v1/turns',
  httpPart: 'body',
})

function checkedChoices(fields: Record<string, unknown>): Static<typeof Fields> {
  const checked = checkChoices(fields)
  if (typeof checked === 'object' && 'error' in checked && checked.error) throw checked.error
  return fields
}

function jsonIn(value: unknown): unknown {
  try {
    return JSON.parse(String(value))
  } catch (cause) {
    throw new QuantvoxError('invalid_request', '"compareWith" is not JSON.', {
      ...{ param: 'compareWith', cause },
      mend: 'Send for instance {"llmModel": "smollm2:135m-instruct-q8_0"} in it.',
    })
  }
}
