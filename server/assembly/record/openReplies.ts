import type { Config } from '../../config.ts'
import type { Log } from '../../log.ts'
import { createFolderStore } from '../../record/replies/folderStore.ts'
import type { ReplyStore } from '../../record/replies/replyStore.ts'
import { createReplyAudio, type ReplyAudio } from '../../record/replyAudio.ts'

/** Where the settings say that spoken replies are. The client of S3 is read only where it is needed. */
export async function openReplies(config: Config, log: Log): Promise<ReplyAudio> {
  const store = await storeOf(config)
  return createReplyAudio(config.DATA_DIR, config.SAVE_AUDIO, store && { store, log })
}

async function storeOf(config: Config): Promise<ReplyStore | null> {
  const { REPLY_STORE: address, AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secret } = config
  if (address === null) return null
  if (!address.startsWith('s3://')) return createFolderStore(address)
  const { createS3Store } = await import('../../record/replies/s3Store.ts')
  return createS3Store({
    ...{ address, region: config.AWS_REGION, accessKeyId: accessKeyId ?? '', secretAccessKey: secret ?? '' },
    endpoint: config.AWS_ENDPOINT_URL ?? `https://s3.${config.AWS_REGION}.amazonaws.com`,
  })
}
