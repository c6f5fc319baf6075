import type { MultipartFile } from '@fastify/multipart'
import type { FastifyRequest } from 'fastify'
import Type from 'typebox'
import { QuantvoxError } from '../../errors.ts'
import { TurnChoices } from '../../protocol/turns.ts'
import { strictValidator } from './strictValidator.ts'

type Upload = { clip: Buffer; choices: TurnChoices }

/** One more than the form may have, so that it is us who says what is too much. */
const formLimits = { files: 2, fields: 20, parts: 22, fieldSize: 1000 }

/**
 * Reads the form of a spoken turn: the file `audio` and the choices beside it.
 * Throws `invalid_request` for any other form and one that is cut, `too_large` as soon as the file is.
 */
export async function readUpload(request: FastifyRequest, maxBytes: number): Promise<Upload> {
  const fields: Record<string, unknown> = {}
  let clip: Buffer | null = null
  try {
    for await (const part of request.parts({ limits: { fileSize: maxBytes, ...formLimits } })) {
      if (part.type === 'field') {
        if (Object.hasOwn(fields, part.fieldname)) throw refused(`The form has "${part.fieldname}" twice.`)
        fields[part.fieldname] = part.value
      } else if (part.fieldname !== 'audio') {
        throw refused(`The form has a file "${part.fieldname}".`, 'Name it "audio".')
      } else if (clip !== null) {
        throw refused('The form has more than one file.', 'Send one clip a turn.')
      } else {
        clip = await wholeFile(part, maxBytes)
      }
    }
  } catch (error) {
    // The rest is let in but not parsed: a chunk of it may hold ten thousand parts.
    request.raw.unpipe().resume()
    throw formError(error)
  }
  const choices = checkedChoices(fields)
  if (clip === null) throw refused('The form has no file "audio".', 'Send a WAV file in it.')
  return { clip, choices }
}

async function wholeFile(part: MultipartFile, maxBytes: number): Promise<Buffer> {
  try {
    return await part.toBuffer()
  } catch (error) {
    if (!part.file.truncated) throw error
    throw new QuantvoxError('too_large', `The upload is larger than ${maxBytes / 2 ** 20} MiB.`, {
      mend: 'Send a shorter clip, or raise MAX_UPLOAD_MB.',
      cause: error,
    })
  }
}

/** What the parser throws has no status where the form itself is broken, and 413 where it has too many parts. */
function formError(error: unknown): QuantvoxError {
  if (error instanceof QuantvoxError) return error
  const said = error instanceof Error ? error.message.replace(/\.$/, '') : String(error)
  return new QuantvoxError('invalid_request', `The form cannot be read: ${said}.`, {
    mend: 'Send multipart/form-data with the file "audio" and the fields of /docs.',
    cause: error,
  })
}

function refused(message: string, mend?: string): QuantvoxError {
  return new QuantvoxError('invalid_request', message, mend === undefined ? {} : { mend })
}

const checkChoices = strictValidator({
  schema: Type.Object(TurnChoices.properties, { additionalProperties: false }),
  method: 'POST',
  url: '/v1/turns',
  httpPart: 'body',
})

function checkedChoices(fields: Record<string, unknown>): TurnChoices {
  const checked = checkChoices(fields)
  if (typeof checked === 'object' && 'error' in checked && checked.error) throw checked.error
  return fields
}
