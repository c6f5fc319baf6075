import type { LlmAnswer } from '../../observations.ts'

/** One answer beside the reference's to the same question in the same round. */
export type AnswerPair = {
  question: string
  round: number
  own: string
  reference: string
  same: boolean
  /** Pieces that both began with; null when they are the same answer. */
  samePieces: number | null
}

/** Answers of both arms by question and round. Leading and trailing space makes no difference. */
export function pairAnswers(own: readonly LlmAnswer[], reference: readonly LlmAnswer[]): AnswerPair[] {
  const place = ({ round, question }: LlmAnswer) => `${round} ${question}`
  const others = new Map(reference.map(answer => [place(answer), answer]))
  return own.flatMap(answer => {
    const other = others.get(place(answer))
    if (other === undefined) return []
    const same = answer.text.trim() === other.text.trim()
    return [
      {
        question: answer.question,
        round: answer.round,
        own: answer.text,
        reference: other.text,
        same,
        samePieces: same ? null : commonStart(answer.pieces, other.pieces),
      },
    ]
  })
}

function commonStart(a: readonly string[], b: readonly string[]): number {
  const end = a.findIndex((piece, i) => piece !== b[i])
  return end === -1 ? a.length : end
}
