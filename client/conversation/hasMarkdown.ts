/** A mark at the beginning of a line, or around words: what Markdown would show otherwise than as it is written. */
const marks =
  /^ {0,3}(?:#{1,6} |[-*+] |\d{1,9}[.)] |> |```|~~~|\|.*\|)|\*\*\S|__\S|`[^`\n]+`|\[[^\]\n]+\]\(|(?:^|\s)[*_][^\s*_]/m

/** Whether a reply is written in Markdown, so that what shows it is worth fetching. */
export function hasMarkdown(text: string): boolean {
  return marks.test(text)
}
