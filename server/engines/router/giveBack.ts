// Gives servers back to a router when its standard input ends, which is the end of the process that took them, however that came about.
// `giveBack.ts <admin socket> <backend/server>...`; it exits with 1 where the router did not take one of them.
import { setTimeout as sleep } from 'node:timers/promises'
import { tellRouter } from './admin.ts'

const TRIES = 20
const BETWEEN_MS = 1_000

const [socket = '', ...servers] = process.argv.slice(2)
for await (const _nothing of process.stdin);
const given = await Promise.all(servers.map(giveBack))
process.exitCode = given.every(Boolean) ? 0 : 1

async function giveBack(server: string): Promise<boolean> {
  for (let tried = 0; tried < TRIES; tried++) {
    const answer = await tellRouter(socket, `set server ${server} state ready`).catch(
      (error: Error) => error.message,
    )
    if (answer === '') return true
    await sleep(BETWEEN_MS)
  }
  return false
}
