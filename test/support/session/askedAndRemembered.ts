import { all, rowsOf, type Talked } from './sessionViews.ts'

/** What holds of questions and of the history; each gives what is wrong with a whole session, or nothing. */
export const askedAndRemembered: Record<string, (talked: Talked) => string | false> = {
  'the history gets each turn once at most, in the order of the questions, and as it was told': talked => {
    const rows = rowsOf(talked)
    const last = new Map<string, string>()
    for (const { conversationId, user, heard } of all(talked.seen, 'remembered')) {
      const of = rows.filter(({ text }) => text.transcript === user)
      const [row] = of
      if (row === undefined || of.length > 1) return `"${user}" is of ${of.length} turns`
      const { turnId } = row.record
      if (row.record.conversationId !== conversationId) return `"${user}" went into another conversation`
      if (row.text.heardText !== heard)
        return `of "${user}" "${heard}" is remembered, not "${row.text.heardText}"`
      if ((last.get(conversationId) ?? '') >= turnId) return `"${user}" came after a later one`
      last.set(conversationId, turnId)
    }
    return false
  },
  'a question is remembered unless it failed or the answer was empty, and nothing was heard': talked => {
    const remembered = all(talked.seen, 'remembered').map(({ user }) => user)
    for (const { record, text } of rowsOf(talked)) {
      const { outcome, turnId } = record
      if (text.transcript === null) continue
      const isHeard = talked.setup.plays && (text.heardText ?? '') !== ''
      const isAnswered = outcome === 'completed' && text.reply?.trim() !== ''
      const isWanted = isAnswered || (outcome === 'interrupted' && talked.setup.plays) || isHeard
      const is = remembered.includes(text.transcript)
      if (is !== isWanted) return `${turnId} is ${outcome} and ${is ? '' : 'not '}remembered`
    }
    return false
  },
  'a question is asked once what was heard before it is remembered': talked => {
    const idOf = new Map(rowsOf(talked).map(({ record, text }) => [text.transcript, record]))
    const asked = new Map<string, string>()
    for (const one of talked.seen) {
      if ((one.what !== 'asked' || !one.isSure) && one.what !== 'remembered') continue
      const record = idOf.get(one.what === 'asked' ? one.question : one.user)
      if (record === undefined) continue
      const { turnId, conversationId } = record
      if (one.what === 'asked') asked.set(conversationId, turnId)
      else if (turnId < (asked.get(conversationId) ?? '')) return `"${one.user}" was not yet`
    }
    return false
  },
  'what is answered was asked, in the words of the question': talked => {
    const questions = new Set(all(talked.seen, 'asked').map(({ question }) => question))
    for (const { record, text } of rowsOf(talked)) {
      if (!text.reply || text.transcript === null) continue
      if (!questions.has(text.transcript)) return `"${text.transcript}" of ${record.turnId} was not`
    }
    return false
  },
  'what came of a question that is only supposed is known': talked => {
    for (const { record } of rowsOf(talked)) {
      if (record.speculation === null) continue
      const { turnId, speculation } = record
      const { attempts, pauses, revisions, reopened, savedMs, detector, decidedBy } = speculation
      const isDecided = record.fromSpeechEnd.turnDecidedMs !== null
      if (isDecided && decidedBy === null) return `${turnId} ended by nothing`
      if ((detector?.length ?? 0) > pauses) return `${turnId} was heard out of a pause`
      if (attempts.slice(0, -1).some(({ outcome }) => outcome === 'used')) return `${turnId} asked on`
      if (!talked.setup.speculates && attempts.length > reopened)
        return `${turnId} supposed, though it is off`
      if (attempts.length > pauses + reopened || revisions > pauses) return `${turnId} has too few pauses`
      if (savedMs !== null && (savedMs < 0 || attempts.at(-1)?.outcome !== 'used'))
        return `${turnId} saved none`
    }
    return false
  },
}
