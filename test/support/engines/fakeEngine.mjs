// A scripted engine for supervision tests: node fakeEngine.mjs PORT MODE [--model PATH].
// It ends with whoever started the test, whatever happens to the code under test.
import { spawn } from 'node:child_process'
import { createServer } from 'node:http'

const portAt = process.argv.indexOf('--port')
const port = Number(portAt === -1 ? process.argv[2] : process.argv[portAt + 1])
const baseAt = process.argv.indexOf('--request-path')
const base = baseAt === -1 ? '' : process.argv[baseAt + 1]
const mode = process.env.FAKE_MODE ?? 'good'
setTimeout(() => process.exit(0), 120_000)

if (mode === 'dies') {
  console.error('no such model')
  process.exit(7)
}
if (mode === 'stubborn') process.on('SIGTERM', () => console.log('not now'))
if (mode === 'grandchild') {
  const child = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 120000)'], { stdio: 'ignore' })
  console.log(`grandchild ${child.pid}`)
}
let hung = false
let stalled = false
createServer((request, response) => {
  if (!request.url.startsWith(base)) return response.writeHead(404).end()
  request.url = request.url.slice(base.length)
  if (request.url === '/crash') process.exit(3)
  if (request.url === '/hang') hung = true
  // As a Go program, or a child of it, begins to say it.
  if (request.url === '/say-fault') console.error('SIGILL: illegal instruction\nPC=0x1 m=0')
  // Healthy, but its work never ends.
  if (request.url === '/stall') stalled = true
  if (stalled && request.url === '/inference') return
  if (hung) return
  if (request.url === '/api/version') return response.end('{"version":"9.9.9"}')
  if (request.url === '/slow') return
  if (request.url === '/whoami')
    return response.end(JSON.stringify({ pid: process.pid, arguments: process.argv }))
  request.resume()
  request.on('end', () => response.end('{"status":"ok","text":""}'))
}).listen(port, '127.0.0.1', () => console.log('listening, a line of chatter'))
