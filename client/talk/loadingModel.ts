import type { LanguageModel, SpeechModel } from '../../server/protocol/models.ts'
import type { SessionSettings } from '../../server/protocol/socketServer.ts'
import type { Api } from '../api.ts'
import type { TurnPhase } from './talkState.ts'

/** A warm model has answered by then more often than not. */
const ASK_AFTER_MS = 700

/** Finds out whether a wait is a model that is being loaded: asks the server when a wait gets long. */
export function createLoadingModel(api: Api, changed: () => void) {
  let watched: TurnPhase = 'none'
  let loading = false
  let timer: ReturnType<typeof setTimeout> | undefined

  async function ask(phase: TurnPhase, { llmModel, speechModel }: SessionSettings): Promise<void> {
    const [kind, name] = phase === 'thinking' ? ['language', llmModel] : ['speech', speechModel]
    // Whether it is known or not, the turn goes on.
    const answer = await api
      .get<{ items: (LanguageModel | SpeechModel)[] }>(`/v1/models/${kind}`)
      .catch(() => ({ items: [] }))
    if (watched !== phase) return
    loading = answer.items.some(model => model.name === name && !model.loaded)
    changed()
  }

  return {
    watch(phase: TurnPhase, settings: SessionSettings | null): void {
      if (phase === watched) return
      watched = phase
      loading = false
      clearTimeout(timer)
      const mayLoad = phase === 'thinking' || phase === 'transcribing'
      if (mayLoad && settings !== null) timer = setTimeout(() => void ask(phase, settings), ASK_AFTER_MS)
    },
    isLoading: (): boolean => loading,
  }
}
