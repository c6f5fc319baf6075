import type { FastifyReply, FastifyRequest } from 'fastify'

/** Of a name or address with its port. */
const HOST = /^[\w.-]+(:\d+)?$|^\[[\da-f:.]+\](:\d+)?$/i

/** A person at a browser, who is to read what is wrong. */
export const wantsPage = ({ method, headers }: FastifyRequest): boolean =>
  method === 'GET' && /\btext\/html\b/.test(headers.accept ?? '')

/** What is wrong and the one setting that mends it, as a page. */
export function sendNotOurName(reply: FastifyReply, scheme: string, host: string): FastifyReply {
  const forwarded = reply.request.headers['x-forwarded-proto']
  const origin = `${forwarded === 'https' ? 'https' : scheme}://${host}`
  const mend = HOST.test(host)
    ? `<p>If it should answer here, start it with this setting:</p>
<pre>ALLOWED_ORIGINS=${origin}</pre>
<p>or, where this is the address that everybody uses, with <code>PUBLIC_URL=${origin}</code>.</p>`
    : '<p>Open it by an address that it knows.</p>'
  const name = HOST.test(host) ? host : 'that'
  return reply
    .code(403)
    .type('text/html; charset=utf-8')
    .headers({ 'content-security-policy': "default-src 'none'", 'x-content-type-options': 'nosniff' })
    .send(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Quantvox is not called ${name}</title>
</head>
<body>
<main>
<h1>Quantvox answers here, but not by the name ${name}</h1>
<p>It answers only to names that it was told, so that no other web page can talk to it in your browser's name.</p>
${mend}
<p>docs/operations.md says more, under “Behind https”.</p>
</main>
</body>
</html>
`)
}
