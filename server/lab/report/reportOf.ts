import type { ComparisonResult } from '../../protocol/comparisonResult.ts'
import type { Document } from './document.ts'
import { aboutSections } from './sections/aboutSections.ts'
import { llmSection } from './sections/llmSection.ts'
import { pairSection } from './sections/pairSection.ts'
import { speechSection } from './sections/speechSection.ts'
import { voiceSection } from './sections/voiceSection.ts'

/** What a report says of a result. */
export function reportOf(result: ComparisonResult): Document {
  const { environment: e, startedAt, recommendation, warnings } = result
  return {
    title: 'Which quantization should this machine run?',
    subtitle: `Comparison of ${startedAt.slice(0, 16).replace('T', ' ')} UTC on ${e.cpu}, ${e.cores} cores, by quantvox ${e.appVersion}`,
    sentence: recommendation.sentence,
    reasons: recommendation.reasons,
    warnings,
    sections: [
      ...speechSection(result),
      ...llmSection(result),
      ...voiceSection(result),
      ...pairSection(result),
      ...aboutSections(result),
    ],
  }
}
