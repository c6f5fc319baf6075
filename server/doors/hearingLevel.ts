import type { SpeechModel } from '../protocol/models.ts'
import type { Stages } from '../session/stages.ts'
import { hearsEnglishOnly } from '../spokenLanguage.ts'

export type HearingDependencies = { stages: Stages; speechModels(): Promise<SpeechModel[]> }

/**
 * The speech level that hears a request which names a language and perhaps no level: the default where it can hear that, else what
 * is here and can; where nothing can, what was asked for, to be refused where it is heard.
 * @param asked undefined for the server's own
 * @param language Whisper's code, or auto; undefined where it was left open
 */
export async function hearingLevel(
  asked: string | undefined,
  { language, translates = false }: { language: string | undefined; translates?: boolean },
  { stages, speechModels }: HearingDependencies,
): Promise<string> {
  const level = asked ?? stages.settings.speechModel
  if (!hearsEnglishOnly(level)) return level
  if (!translates && (language === undefined || language === 'en' || language === 'auto')) return level
  const others = asked === undefined ? await speechModels() : []
  const [best] = others
    .filter(known => known.installed && known.languages === 'multilingual')
    .toSorted((a, b) => Number(b.loaded) - Number(a.loaded) || (b.sizeBytes ?? 0) - (a.sizeBytes ?? 0))
  return best?.name ?? level
}
