import { v4 as uuidv4 } from 'uuid'
import { askText } from '../../../test/support/liveServer.ts'

/** Typed questions by people who each ask again as soon as they are answered, through a whole server. */

type Asked = { status: number; ms: number }

async function ask(url: string, conversationId: string): Promise<Asked> {
  const startedAt = performance.now()
  const answer = await askText(url, 'What is the time?', { conversationId })
  await answer.arrayBuffer()
  return { status: answer.status, ms: performance.now() - startedAt }
}

/** What `people` were answered within `seconds`. */
export async function closedLoop(url: string, people: number, seconds: number): Promise<Asked[]> {
  const until = performance.now() + seconds * 1000
  const each = await Promise.all(
    Array.from({ length: people }, async () => {
      const [id, asked]: [string, Asked[]] = [uuidv4(), []]
      while (performance.now() < until) asked.push(await ask(url, id))
      return asked
    }),
  )
  return each.flat()
}

/** Questions of so many people at the same moment. */
export const burst = (url: string, people: number): Promise<Asked[]> =>
  Promise.all(Array.from({ length: people }, () => ask(url, uuidv4())))
