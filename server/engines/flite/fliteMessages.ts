/** What `flite.ts` and its child say to each other. Both ends are ours and of one version. */
export type FliteRequest = { id: number; text: string; voice: string }

export type FliteAnswer =
  | { id: 0; ready: true }
  | { id: number; samples: Int16Array; sampleRate: number; inferenceMs: number; residentBytes: number }
  | { id: number; error: string }
