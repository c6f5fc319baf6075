import { LRUCache } from 'lru-cache'
import { v7 as uuidv7 } from 'uuid'
import { type Asking, buildPrompt, type ChatMessage, type PromptOptions, type Turn } from './prompt.ts'
import { createTokenEstimator } from './tokenEstimate.ts'

/** What a prompt is made of beside the conversation itself. */
type Wanted = Omit<PromptOptions, 'history' | 'estimateTokens'>

export type Conversation = {
  readonly id: string
  /** What the model remembers, oldest first. */
  turns(): readonly Turn[]
  /**
   * The messages for the next reply. Turns that no longer fit are left out, and forgotten for good once one was appended: a
   * question that is refused or fails leaves everything as it was.
   * @throws QuantvoxError `context_exceeded`
   */
  prompt(options: Wanted): ChatMessage[]
  /** The same for a reply that may never be wanted: nothing is forgotten for it. @throws QuantvoxError `context_exceeded` */
  foresee(options: Wanted): ChatMessage[]
  /** How its replies are asked for beside that; left out where as usual. */
  asking?(): Asking
  /** Tells how many tokens a prompt of this conversation really took; null if the engine did not say. */
  observe(messages: readonly { role: string; content: string }[], promptTokens: number | null): void
  /**
   * Ends a turn: what the user said, and of the reply what was heard ('' for nothing; such a turn stays as an
   * unanswered message). An interrupted reply simply ends where the user stopped hearing it. A turn in which the user
   * said nothing is not kept. One that is in it already stays as it is.
   */
  append(userText: string, heardText: string, turnId: string): void
  /** More was heard that nobody had asked for: it stands behind the last reply. */
  announced(heardText: string): void
}

export type Conversations = ReturnType<typeof createConversations>

/** A turn as the record has it. */
export type RecordedTurn = Turn & { turnId: string }

/** One in memory, which may be told to forget all of it, or what was said elsewhere. */
type Remembered = Conversation & {
  forget(): void
  has(turnId: string): boolean
  take(recorded: readonly RecordedTurn[]): void
}

/** More than the record gives of one conversation. */
const MAX_KNOWN_TURNS = 200

type ConversationLimits = {
  maxConversations: number
  /** How long one is kept after its last turn. */
  idleMs: number
  /** Others have the same conversations, and what is in memory may be behind what is recorded. */
  isShared: boolean
  /** What is known otherwise of one, oldest first; nothing where the last turn of it is one that is known here. Never rejects. */
  recorded(id: string, isKnown: (turnId: string) => boolean): Promise<RecordedTurn[]>
  /** Milliseconds of a monotonic clock. */
  now?: () => number
}

/** Conversations live in memory: the least recently used goes when there are too many, an idle one after its time. `recall` brings back what was written down. */
export function createConversations({
  maxConversations,
  idleMs,
  isShared,
  recorded,
  now = () => performance.now(),
}: ConversationLimits) {
  const kept = new LRUCache<string, Remembered>({
    max: maxConversations,
    ttl: idleMs,
    // Only a turn keeps a conversation alive, looking at it does not.
    updateAgeOnGet: false,
    ttlResolution: 0,
    perf: { now },
  })

  const remembered = new WeakMap<Conversation, Remembered>()

  function create(id: string): Remembered {
    const turns: Turn[] = []
    /** Those that were in it, also where they had no room any more. */
    const known = new Set<string>()
    const know = (turnId: string) => {
      known.add(turnId)
      const [oldest] = known
      if (known.size > MAX_KNOWN_TURNS && oldest !== undefined) known.delete(oldest)
    }
    const estimator = createTokenEstimator()
    /** The oldest turn that had room in the last prompt. */
    let oldestKept: Turn | undefined
    const build = (options: Wanted) =>
      buildPrompt({ ...options, history: turns, estimateTokens: estimator.estimate })
    const conversation: Remembered = {
      id,
      turns: () => turns,
      foresee: options => build(options).messages,
      prompt(options) {
        const prompt = build(options)
        oldestKept = turns[prompt.droppedTurns]
        return prompt.messages
      },
      observe: estimator.observe,
      append(userText, heardText, turnId) {
        if (known.has(turnId)) return
        know(turnId)
        const user = userText.trim()
        if (oldestKept !== undefined) turns.splice(0, Math.max(0, turns.indexOf(oldestKept)))
        if (user !== '') turns.push({ user, heard: heardText.trim() })
        // Also brings back one that was forgotten while its session was still open.
        kept.set(id, conversation)
      },
      announced(heardText) {
        const last = turns.at(-1)
        if (last === undefined || heardText.trim() === '') return
        // In its place: prompts that are under way have the old one.
        turns[turns.length - 1] = { ...last, heard: `${last.heard} ${heardText.trim()}`.trim() }
        if (oldestKept === last) oldestKept = turns.at(-1)
      },
      forget() {
        turns.length = 0
        oldestKept = undefined
      },
      has: turnId => known.has(turnId),
      take(recorded) {
        for (const { turnId, ...turn } of recorded) {
          if (known.has(turnId)) continue
          know(turnId)
          turns.push(turn)
        }
      },
    }
    remembered.set(conversation, conversation)
    return conversation
  }

  async function catchUp(open: Conversation): Promise<void> {
    const conversation = remembered.get(open)
    if (conversation === undefined || !isShared) return
    conversation.take(await recorded(open.id, conversation.has))
  }

  return {
    /** The conversation with this id; a new one under it if it is unknown or forgotten, under a new id without one. */
    open(id: string = uuidv7()): Conversation {
      const known = kept.get(id)
      if (known) return known
      const conversation = create(id)
      kept.set(id, conversation)
      return conversation
    },
    /** Before `open`: one that was forgotten, also by a restart, or that went on elsewhere goes on with what is known of it otherwise. */
    async recall(id: string | undefined): Promise<void> {
      if (id === undefined) return
      const before = kept.get(id)
      if (before !== undefined) return await catchUp(before)
      const turns = await recorded(id, () => false)
      if (turns.length === 0) return
      const conversation = kept.get(id) ?? create(id)
      conversation.take(turns)
      if (!kept.has(id)) kept.set(id, conversation)
    },
    /** Of one that stays open: what was said in it elsewhere is taken in, beside whatever is going on. */
    catchUp,
    /** One that is deleted: a session that has it open remembers nothing of it either. */
    forget(id: string): void {
      kept.get(id)?.forget()
      kept.delete(id)
    },
    /** How many are in memory. */
    count: (): number => {
      kept.purgeStale()
      return kept.size
    },
  }
}
