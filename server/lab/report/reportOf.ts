import type { ComparisonResult } from '../../protocol/comparisonResult.ts'
import { aboutSections } from './aboutSections.ts'
import type { Document } from './document.ts'
import { llmSection } from './llmSection.ts'
import { pairSection } from './pairSection.ts'
import { speechSection } from './speechSection.ts'

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
      ...pairSection(result),
      ...aboutSections(result),
    ],
  }
}
