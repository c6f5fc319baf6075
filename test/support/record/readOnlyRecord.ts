// Opens a record that this user may not write, records one turn, and prints the store's status: node readOnlyRecord.ts FILE
import { openTurnStore } from '../../../server/record/sqlite/store.ts'
import { makeTurn } from './records.ts'

const [file = ''] = process.argv.slice(2)
// Root may write everywhere; nobody may not.
if (process.getuid?.() === 0) process.setuid?.(65_534)
const store = openTurnStore(file, { saveText: true })
const atStart = store.status.problem?.line
const { record, text } = makeTurn(1)
store.insert(record, text)
const { recording, unwritten } = store.status
process.stdout.write(
  JSON.stringify({
    atStart,
    recording,
    unwritten,
    kept: (await store.get(record.turnId))?.turnId === record.turnId,
  }),
)
process.exit()
