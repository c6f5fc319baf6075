import './myVoice.css'
import type { SpeechModel } from '../../server/protocol/models.ts'
import type { MyVoice, MyVoiceHeard } from '../../server/protocol/myVoice.ts'
import type { Api } from '../api.ts'
import { el } from '../dom.ts'
import { inWords, troubleBox } from '../trouble.ts'
import type { View } from '../view.ts'
import { heardTable, type LevelHeard } from './heardTable.ts'
import { createSentenceRow } from './sentenceRow.ts'

type Row = ReturnType<typeof createSentenceRow>
type Known = { voice: MyVoice; levels: string[]; rows: Map<string, Row> }

/**
 * Five sentences read aloud, and what each speech level that is here makes of this very voice.
 * @param makeWay is told before each recording, and gives the microphone for it
 */
export function createMyVoiceView(api: Api, makeWay: () => string | null): View {
  const list = el('ol', { class: 'sentences' })
  const keep = el('input', { type: 'checkbox', name: 'keep' })
  const test = el('button', { type: 'button', class: 'primary', onclick: () => void testAll() }, 'Test')
  const status = el('p', { class: 'soft', role: 'status' })
  const kept = el('p', { class: 'kept' })
  const trouble = el('div')
  const results = el('div', { class: 'results' })
  let known: Known | null = null
  let testing: AbortController | null = null

  function tell(error: unknown): void {
    trouble.replaceChildren(el('p', { class: 'trouble', role: 'alert' }, inWords(error)))
    // It is below all sentences.
    trouble.scrollIntoView({ block: 'nearest' })
  }

  async function load(): Promise<void> {
    try {
      const [voice, models] = await Promise.all([
        api.get<MyVoice>('/v1/my-voice'),
        api.get<{ items: SpeechModel[] }>('/v1/models/speech'),
      ])
      const levels = models.items.flatMap(({ name, installed }) => (installed ? [name] : []))
      const options = { changed: showButton, failed: tell }
      const rows: Map<string, Row> = new Map(
        voice.sentences.map(sentence => {
          const begins = () => {
            for (const [id, row] of rows) if (id !== sentence.id) row.finish()
            return makeWay()
          }
          return [sentence.id, createSentenceRow(sentence, { ...options, begins })]
        }),
      )
      known = { voice, levels, rows }
      list.replaceChildren(...[...rows.values()].map(row => row.element))
      trouble.replaceChildren()
      showKept()
      showButton()
    } catch (error) {
      trouble.replaceChildren(troubleBox([inWords(error)], () => void load()))
    }
  }

  const recorded = () =>
    [...(known?.rows ?? [])].flatMap(([id, row]) => {
      const recording = row.recording()
      return recording === null ? [] : [{ id, wav: recording.wav }]
    })

  function showButton(): void {
    const levels = known?.levels.length ?? 0
    const isBusy = [...(known?.rows.values() ?? [])].some(row => row.isRecording())
    test.textContent =
      testing === null ? `Test ${levels} speech ${levels === 1 ? 'level' : 'levels'}` : 'Stop testing'
    test.disabled = testing === null && (recorded().length === 0 || isBusy || levels === 0)
  }

  function showKept(): void {
    const count = known?.voice.kept.length ?? 0
    const forget = el(
      'button',
      { type: 'button', class: 'small', onclick: () => void forgetAll() },
      'Forget them',
    )
    kept.replaceChildren(
      ...(count === 0
        ? ['Nothing of your voice is kept.']
        : [
            `${count} ${count === 1 ? 'recording is' : 'recordings are'} kept on the server; comparisons can hear them. `,
            forget,
          ]),
    )
  }

  async function forgetAll(): Promise<void> {
    try {
      await api.send('DELETE', '/v1/my-voice')
      if (known !== null) known.voice.kept = []
      showKept()
    } catch (error) {
      tell(error)
    }
  }

  async function keepAll(clips: ReturnType<typeof recorded>, signal: AbortSignal): Promise<void> {
    for (const { id, wav } of clips) await api.send('POST', '/v1/my-voice', formOf(id, wav), signal)
    if (known === null) return
    known.voice.kept = [...new Set([...known.voice.kept, ...clips.map(({ id }) => id)])]
    showKept()
  }

  async function testAll(): Promise<void> {
    if (testing !== null) return testing.abort()
    if (known === null) return
    const { levels, voice } = known
    const clips = recorded()
    testing = new AbortController()
    const { signal } = testing
    trouble.replaceChildren()
    showButton()
    const heard: LevelHeard[] = []
    try {
      if (keep.checked) await keepAll(clips, signal)
      // A level hears all sentences before the next one: each of them is loaded once.
      for (const [index, name] of levels.entries()) {
        status.textContent = `${name}, ${index + 1} of ${levels.length}`
        const level: LevelHeard = { name, heard: [], failures: [] }
        heard.push(level)
        for (const { id, wav } of clips) {
          await hearOne(level, formOf(id, wav, name), signal)
          results.replaceChildren(heardTable(heard, voice.sentences))
        }
      }
      status.textContent = 'All levels have heard you.'
    } catch (error) {
      status.textContent = signal.aborted ? 'Stopped.' : ''
      if (!signal.aborted) tell(error)
    }
    testing = null
    showButton()
  }

  /** One that fails is told in its row, and the others go on. */
  async function hearOne(level: LevelHeard, form: FormData, signal: AbortSignal): Promise<void> {
    try {
      level.heard.push(await api.send<MyVoiceHeard>('POST', '/v1/my-voice/hear', form, signal))
    } catch (error) {
      signal.throwIfAborted()
      level.failures.push(inWords(error))
    }
  }

  return {
    element: el(
      'section',
      { class: 'place my-voice' },
      el('h1', 'Test on my voice'),
      el(
        'p',
        'Read these sentences aloud. Every speech level that is here then hears them, and you see which words of yours it gets wrong and how long it takes.',
      ),
      list,
      el(
        'label',
        { class: 'tick' },
        keep,
        'Keep my recordings on this server, so that comparisons can use my voice',
      ),
      kept,
      el('div', { class: 'testing' }, test, status),
      trouble,
      results,
    ),
    show(): void {
      if (known === null) void load()
    },
    hide(): void {
      testing?.abort()
      for (const row of known?.rows.values() ?? []) row.cancel()
    },
  }
}

function formOf(sentence: string, wav: Blob, speechModel?: string): FormData {
  const form = new FormData()
  form.append('sentence', sentence)
  if (speechModel !== undefined) form.append('speechModel', speechModel)
  form.append('audio', wav, `${sentence}.wav`)
  return form
}
