import type { MultipartFile } from '@fastify/multipart'
import type { FastifyRequest } from 'fastify'
import { QuantvoxError } from '../../errors.ts'

type FormOptions = {
  /** Name of the one file that the form may have. */
  file: string
  maxBytes: number
  /** As busboy has them; one more file than may come is let in, so that it is us who says what is too much. */
  limits: { fields: number; parts: number; fieldSize: number }
}

/**
 * Reads a form with a file and fields in any order; null where no file is in it. What `takeField` throws is thrown.
 * @throws QuantvoxError `invalid_request` for any other form and one that is cut, `too_large` as soon as the file is
 */
export async function readForm(
  request: FastifyRequest,
  { file, maxBytes, limits }: FormOptions,
  takeField: (name: string, value: unknown) => void,
): Promise<Buffer | null> {
  let clip: Buffer | null = null
  try {
    for await (const part of request.parts({ limits: { fileSize: maxBytes, files: 2, ...limits } })) {
      if (part.type === 'field') takeField(part.fieldname, part.value)
      else if (part.fieldname !== file) {
        throw refused(`The form has a file "${part.fieldname}".`, file, `Name it "${file}".`)
      } else if (clip !== null) {
        throw refused('The form has more than one file.', file, 'Send one clip a request.')
      } else clip = await wholeFile(part, maxBytes)
    }
  } catch (error) {
    // The rest is let in but not parsed: a chunk of it may hold ten thousand parts.
    request.raw.unpipe().resume()
    throw formError(error, file)
  }
  return clip
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
function formError(error: unknown, file: string): QuantvoxError {
  if (error instanceof QuantvoxError) return error
  const said = error instanceof Error ? error.message.replace(/\.$/, '') : String(error)
  return new QuantvoxError('invalid_request', `The form cannot be read: ${said}.`, {
    mend: `Send multipart/form-data with the file "${file}" and the fields of /docs.`,
    cause: error,
  })
}

export function refused(message: string, param: string, mend?: string): QuantvoxError {
  return new QuantvoxError('invalid_request', message, { param, mend })
}
