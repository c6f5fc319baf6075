import { openTurnStore } from '../../../server/record/sqlite/store.ts'
import { makeTurn } from './records.ts'

/** Records turns at argv[2] without end and prints the id of each once it is recorded; somebody must kill it. */
const store = openTurnStore(process.argv[2] ?? '', { saveText: true })
for (let i = 0; ; i++) {
  const { record, text } = makeTurn(i)
  store.insert(record, text)
  await new Promise<void>(resolve => process.stdout.write(`${record.turnId}\n`, () => resolve()))
}
