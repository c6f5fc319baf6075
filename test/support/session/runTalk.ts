import type { VirtualTime } from '../virtualTime.ts'
import { openScriptedSession, type ScriptedSession } from './scriptedSession.ts'
import { invariants } from './sessionInvariants.ts'
import { healthy, type Talk } from './sessionSteps.ts'
import { settingsTold, type Talked, turnsOf } from './sessionViews.ts'

/** Longer than all that a turn may wait for, one after another. */
const LEFT_ALONE_MS = 2_000_000
const ANSWERED_WITHIN_MS = 60_000
/** Longer than any endpointing waits. */
const LONGEST_SILENCE_MS = 3500
/** Longer than a session may take to close. */
const CLOSED_WITHIN_MS = 20_000

/** A whole session from `start` to its close. Gives what is wrong with it, a line for each invariant that did not hold. */
export async function runTalk({ setup, steps }: Talk, time: VirtualTime): Promise<string[]> {
  time.reset()
  const rejections: unknown[] = []
  const onRejection = (reason: unknown) => void rejections.push(reason)
  process.on('unhandledRejection', onRejection)
  try {
    const session = openScriptedSession(setup, time)
    await session.start()
    for (const step of steps) await session.perform(step)
    const asked = await end(session, setup.ending, time)
    const talked: Talked = { ...session, turns: turnsOf(session.seen), setup, asked, rejections }
    return Object.entries(invariants).flatMap(([name, check]) => {
      const wrong = check(talked)
      return wrong ? [`${name}: ${wrong}`] : []
    })
  } finally {
    process.off('unhandledRejection', onRejection)
  }
}

/** Gives the text of a question that is asked when all is well again; null where there is nobody to ask. */
async function end(
  session: ScriptedSession,
  ending: Talk['setup']['ending'],
  time: VirtualTime,
): Promise<string | null> {
  let asked: string | null = null
  if (ending === 'finish') void session.finish()
  if (ending !== 'close') {
    await time.pass(LEFT_ALONE_MS)
    session.see({ what: 'left alone' })
    if (!session.isEnding()) asked = await ask(session, time)
  }
  void session.end()
  await time.pass(CLOSED_WITHIN_MS)
  return asked
}

async function ask(session: ScriptedSession, time: VirtualTime): Promise<string> {
  session.change(healthy)
  if (!session.isStarted()) await session.start()
  await session.perform({ do: 'text' })
  const typed = session.seen.findLast(({ what }) => what === 'sent')
  await time.pass(ANSWERED_WITHIN_MS)
  await askAloud(session)
  await time.pass(ANSWERED_WITHIN_MS)
  return typed?.what === 'sent' && typed.message.type === 'text' ? typed.message.text : ''
}

async function askAloud(session: ScriptedSession): Promise<void> {
  const sound = (isSpeech: boolean, ms: number) =>
    session.perform({ do: 'sound', isSpeech, ms, frameMs: 100, atOnce: false })
  const isPressed = settingsTold(session.seen).at(-1)?.settings.mode === 'push-to-talk'
  await sound(false, 1000)
  if (isPressed) await session.perform({ do: 'begin' })
  await sound(true, 1000)
  if (isPressed) await session.perform({ do: 'commit' })
  await sound(false, LONGEST_SILENCE_MS)
}
