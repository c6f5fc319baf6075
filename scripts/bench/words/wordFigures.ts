import type { SpeechFound } from '../../../server/hearing/speechSegments.ts'
import { comparedWords, wordErrorRate } from '../../../server/lab/index.ts'
import type { SpeechClip } from '../speechClips.ts'
import { type HeardTurn, type HearLiveOptions, hearHandsFree, hearPushToTalk } from './hearLive.ts'
import { hearOffline } from './hearOffline.ts'

/** What became of one clip. */
export type ClipHeard = {
  file: string
  kind: SpeechClip['kind']
  reference: string
  /** Heard as a whole, by `POST /v1/turns`. */
  offline: string
  pushToTalk: HeardTurn[]
  handsFree: HeardTurn[]
  /** Parts that the pauses in the clip say: turns, but for those that went on. */
  expectedParts: number
}

/** Word error rates in percent, of the clips with speech. */
export type WordFigures = ReturnType<typeof wordFigures>

/** Hears every clip as a whole and over the socket in both modes, one after the other. */
export async function hearClips(
  clips: readonly SpeechClip[],
  options: HearLiveOptions,
  onClip?: (heard: ClipHeard) => void,
): Promise<ClipHeard[]> {
  const all: ClipHeard[] = []
  for (const { file, kind, text, samples, found } of clips) {
    const heard: ClipHeard = {
      ...{ file, kind, reference: text },
      offline: await hearOffline(options.url, samples, options.speechModel),
      pushToTalk: await hearPushToTalk(samples, options),
      handsFree: await hearHandsFree(samples, options),
      expectedParts: partsByPauses(found, options.silenceMs),
    }
    all.push(heard)
    onClip?.(heard)
  }
  return all
}

/** Parts that a hands-free session hears of a clip: one more than it has pauses of at least `silenceMs` between speech. */
export function partsByPauses({ segments }: Pick<SpeechFound, 'segments'>, silenceMs: number): number {
  const pauses = segments.filter((segment, index) => {
    const before = segments[index - 1]
    return before !== undefined && segment.startMs - before.endMs >= silenceMs
  })
  return segments.length === 0 ? 0 : pauses.length + 1
}

export const partsOf = (turns: readonly HeardTurn[]): number =>
  turns.reduce((sum, { parts }) => sum + parts, 0)

/** All that was heard of a clip in one mode. */
export const joinedText = (turns: readonly HeardTurn[]) =>
  turns
    .map(({ text }) => text)
    .filter(text => text !== '')
    .join(' ')

export function wordFigures(heard: readonly ClipHeard[]) {
  const spoken = heard.filter(({ kind }) => kind === 'speech')
  const rate = (read: (clip: ClipHeard) => string) =>
    wordErrorRate(spoken.map(clip => ({ reference: clip.reference, hypothesis: read(clip) })))
  const silent = heard.filter(({ kind }) => kind === 'nonspeech')
  return {
    clips: spoken.length,
    words: spoken.reduce((sum, { reference }) => sum + comparedWords(reference).length, 0),
    offline: rate(({ offline }) => offline),
    pushToTalk: rate(({ pushToTalk }) => joinedText(pushToTalk)),
    /** The transcripts of all turns of a clip, joined. */
    handsFree: rate(({ handsFree }) => joinedText(handsFree)),
    /** Clips whose turns have another number of parts than their pauses say. */
    miscounted: spoken
      .filter(({ handsFree, expectedParts }) => partsOf(handsFree) !== expectedParts)
      .map(({ file }) => file),
    /** Turns that began hands-free on clips without speech, and the words that were heard in either mode. */
    nonspeech: {
      turns: silent.reduce((sum, { handsFree }) => sum + handsFree.length, 0),
      invented: silent
        .flatMap(({ pushToTalk, handsFree }) => [...pushToTalk, ...handsFree])
        .map(({ text }) => text)
        .filter(text => text !== ''),
    },
  }
}
