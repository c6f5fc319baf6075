import { S3mini } from 's3mini'
import { validate } from 'uuid'
import { ANSWERS_WITHIN_MS, type ReplyStore, replyFiles } from './replyStore.ts'

export type S3Options = {
  /** `s3://bucket/prefix` */
  address: string
  endpoint: string
  region: string
  accessKeyId: string
  secretAccessKey: string
}

/** Objects `<prefix>/<folder>/<turn>/<file>` of a bucket of S3, or of what answers like it, by its path. */
export function createS3Store({ address, endpoint, ...access }: S3Options): ReplyStore {
  const { host: bucket, pathname } = new URL(address)
  const prefix = pathname.replace(/^\/+|\/+$/g, '')
  const below = (...names: string[]) => [prefix, ...names].filter(Boolean).join('/')
  const s3 = new S3mini({
    ...access,
    endpoint: `${endpoint.replace(/\/+$/, '')}/${bucket}`,
    requestAbortTimeout: ANSWERS_WITHIN_MS,
  })
  const keyOf = (folder: string, turnId: string, file: string) => {
    if (!validate(turnId)) throw new Error('not the id of a turn')
    return below(folder, turnId, file)
  }

  return {
    where: address,
    async put(folder, turnId, file, data) {
      await s3.putObject(keyOf(folder, turnId, file), data, 'audio/wav')
    },
    async get(folder, turnId, file) {
      const data = await s3.getObjectArrayBuffer(keyOf(folder, turnId, file))
      return data === null ? null : Buffer.from(data)
    },
    async delete(folder, turnId) {
      await Promise.all(replyFiles.map(file => s3.deleteObject(keyOf(folder, turnId, file))))
    },
    async list(folder) {
      const objects = await s3.listObjects('/', `${below(folder)}/`)
      if (objects === null) throw new Error(`there is no bucket ${bucket}`)
      const turns = new Map<string, number>()
      for (const { Key, LastModified } of objects) {
        const turnId = Key.split('/').at(-2) ?? ''
        const isOurs = replyFiles.some(file => Key.endsWith(`/${file}`)) && validate(turnId)
        if (isOurs) turns.set(turnId, LastModified.getTime())
      }
      return [...turns].map(([turnId, putAtMs]) => ({ turnId, putAtMs }))
    },
  }
}
