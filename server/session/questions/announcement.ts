import type { ActiveHistory } from '../settings.ts'
import type { AskedFor } from './question.ts'

/** What the session says by itself, with the voice and in the conversation of the moment in which it may, which is the turn's speech end. */
export function announcement(announced: string, active: ActiveHistory): AskedFor {
  return ({ stages, turn }) => {
    const { settings, conversation } = active.now()
    turn.timeline.mark('speechEnd')
    return {
      samples: () => null,
      understand: async () => ({ announced, voice: stages.voice(settings.voice), conversation }),
    }
  }
}
