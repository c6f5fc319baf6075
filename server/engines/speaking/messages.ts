/** What `speakerProcess.ts` and its child say to each other. Both ends are ours and of one version. */
export type SpeakRequest = { id: number; text: string; voice: string } | { cancel: number }

export type SpeakAnswer =
  | { id: 0; ready: true }
  /** A stretch of the sentence; the last one may be empty. */
  | {
      id: number
      samples: Int16Array
      sampleRate: number
      inferenceMs: number
      residentBytes: number
      isLast: boolean
    }
  | { id: number; error: string }
