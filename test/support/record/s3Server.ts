import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'

export type S3Server = {
  url: string
  /** What is in it, by bucket and key. */
  objects: Map<string, Buffer>
  /** Of all that is asked from now on: answered, refused, or never. */
  behave(as: 'well' | 'broken' | 'silent'): void
  close(): Promise<void>
}

/** What of S3 is asked for here, of one key: objects put, got, deleted and listed, by path, signed (version 4). */
export async function startS3Server(accessKeyId: string): Promise<S3Server> {
  const objects = new Map<string, Buffer>()
  let behaviour = 'well'
  const signed = new RegExp(
    `^AWS4-HMAC-SHA256 Credential=${accessKeyId}/\\d{8}/\\S+/s3/aws4_request, ?SignedHeaders=\\S*host\\S*, ?Signature=[0-9a-f]{64}$`,
  )
  const server = createServer(async (request, response) => {
    if (behaviour === 'silent') return
    const answer = (status: number, body: string | Buffer = '') =>
      response.writeHead(status, { 'content-type': 'application/xml' }).end(body)
    const body = await buffer(request)
    if (behaviour === 'broken') return answer(503, '<Error><Code>SlowDown</Code></Error>')
    if (!signed.test(request.headers.authorization ?? ''))
      return answer(403, '<Error><Code>InvalidAccessKeyId</Code></Error>')
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://s3')
    const key = pathname.slice(1)
    if (searchParams.has('list-type')) {
      const from = `${key.replace(/\/$/, '')}/`
      const named = [...objects.keys()].filter(name => name.startsWith(from + searchParams.get('prefix')))
      const contents = named.toSorted().map(name => {
        const when = '2026-01-02T03:04:05.000Z'
        return `<Contents><Key>${name.slice(from.length)}</Key><LastModified>${when}</LastModified><Size>1</Size></Contents>`
      })
      return answer(
        200,
        `<ListBucketResult><IsTruncated>false</IsTruncated>${contents.join('')}</ListBucketResult>`,
      )
    }
    if (request.method === 'PUT') objects.set(key, body)
    else if (request.method === 'DELETE') {
      objects.delete(key)
      return answer(204)
    } else if (!objects.has(key)) return answer(404, '<Error><Code>NoSuchKey</Code></Error>')
    return answer(200, request.method === 'GET' ? objects.get(key) : '')
  })
  await new Promise<void>(settle => server.listen(0, '127.0.0.1', settle))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    objects,
    behave: as => {
      behaviour = as
    },
    async close() {
      server.closeAllConnections()
      await new Promise(settle => server.close(settle))
    },
  }
}
