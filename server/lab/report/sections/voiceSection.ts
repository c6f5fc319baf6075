import type { ComparisonResult } from '../../../protocol/comparisonResult.ts'
import { counted } from '../../../shared/figures.ts'
import type { Section } from '../document.ts'
import { chartOf, shortNames, tableOf } from '../labels.ts'

export function voiceSection({
  voices,
  pareto,
  recommendation,
  reference,
  input,
}: ComparisonResult): Section[] {
  if (voices.length === 0) return []
  const noted = voices.map(voice => ({
    ...voice,
    ...(voice.quantization === null ? {} : { note: voice.quantization }),
  }))
  const chosen = voices.find(({ name }) => name === (recommendation.voice ?? reference.voice))
  const most = voices.toSorted(
    (a, b) => (b.figures.wordErrorRate.value ?? 0) - (a.figures.wordErrorRate.value ?? 0),
  )[0]
  return [
    {
      id: 'voices',
      title: 'Voices',
      blocks: [
        {
          kind: 'text',
          text: `${counted(voices.length, 'voice')} spoke ${counted(input.texts, 'text')} in ${counted(input.rounds.voices, 'round')}, and ${input.ear} heard them: its word errors say how well they are understood, not how they sound to people. The others are held against ${reference.voice}, marked ◆.`,
        },
        ...chartOf(
          pareto.voices,
          'What is heard wrong against the time to a first sound; the area is memory. Hollow points are dominated.',
          shortNames(voices.map(({ name }) => name)),
          recommendation.voice,
        ),
        ...tableOf('How voices are understood', ['wordErrorRate', 'characterErrorRate'], noted),
        ...tableOf(
          'Time and size of voices',
          [
            ...['firstAudioMs', 'firstSoundMs', 'realTimeFactor'],
            ...['residentBytes', 'fileBytes', 'loadMs'],
          ],
          noted,
        ),
        ...[...new Set([chosen, most])].flatMap(voice =>
          voice === undefined || voice.worstTexts.length === 0
            ? []
            : [
                {
                  kind: 'diffs' as const,
                  caption: `What was heard wrong of ${voice.name}`,
                  diffs: voice.worstTexts,
                },
              ],
        ),
      ],
    },
  ]
}
