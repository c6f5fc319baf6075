/** Where servers share what they spoke. Each call settles within 10 s, with an error where the store did not answer. */
export type ReplyStore = {
  /** How people call it. */
  readonly where: string
  /** Whole or not at all. */
  put(folder: ReplyFolder, turnId: string, file: ReplyFile, data: Buffer): Promise<void>
  get(folder: ReplyFolder, turnId: string, file: ReplyFile): Promise<Buffer | null>
  /** All files of a turn; none is no error. */
  delete(folder: ReplyFolder, turnId: string): Promise<void>
  /** The turns in it, and when each came. */
  list(folder: ReplyFolder): Promise<{ turnId: string; putAtMs: number }[]>
}

/** `replies` are kept for a while, `audio` for good (SAVE_AUDIO): the names below DATA_DIR, too. */
export const replyFolders = ['replies', 'audio'] as const
export type ReplyFolder = (typeof replyFolders)[number]
export const replyFiles = ['reply.wav', 'question.wav'] as const
export type ReplyFile = (typeof replyFiles)[number]

export const ANSWERS_WITHIN_MS = 10_000
