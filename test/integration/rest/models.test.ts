import { Compile } from 'typebox/schema'
import { describe, expect, test } from 'vitest'
import { createPulls } from '../../../server/engines/pulls.ts'
import { QuantvoxError } from '../../../server/errors.ts'
import { LanguageModel, type PullProgress, Voice, WakeWordModel } from '../../../server/protocol/models.ts'
import { eventsOf, until } from '../../support/http.ts'
import { heldDownload } from '../../support/setup/heldDownload.ts'
import { startTestApp } from '../../support/testApp.ts'

async function start(dependencies: NonNullable<Parameters<typeof startTestApp>[0]>['dependencies'] = {}) {
  return startTestApp({ dependencies })
}
const progress = (completedBytes: number): PullProgress => ({
  status: 'downloading',
  completedBytes,
  totalBytes: 100,
})
const pull = (kind: string, name: unknown = 'x:1b', headers: Record<string, string> = {}) => ({
  method: 'POST' as const,
  url: `/v1/models/${kind}/pull`,
  headers: { 'content-type': 'application/json', ...headers },
  payload: JSON.stringify({ name }),
})

describe('lists', () => {
  test('give language models and voices as the protocol describes them', async () => {
    const { app } = await start()
    const language = (await app.inject('/v1/models/language')).json()
    const voices = (await app.inject('/v1/voices')).json()
    expect(language.items).toHaveLength(1)
    for (const item of language.items) expect(Compile(LanguageModel).Errors(item)[1]).toEqual([])
    for (const item of voices.items) expect(Compile(Voice).Errors(item)[1]).toEqual([])
    expect(voices.items.map((voice: Voice) => voice.name)).toEqual(
      expect.arrayContaining(['flite:slt', 'flite:rms', 'flite:awb', 'flite:kal16', 'browser', 'none']),
    )
  })

  test('say which engine is down', async () => {
    const down = new QuantvoxError('engine_unavailable', 'Ollama does not answer.')
    const { app } = await start({ languageModels: () => Promise.reject(down) })
    const response = await app.inject('/v1/models/language')
    expect([response.statusCode, response.json().code]).toEqual([503, 'engine_unavailable'])
  })
})

describe('wake words', () => {
  const word: WakeWordModel = {
    ...{ name: 'hey-jarvis', source: 'catalog', installed: false, sizeBytes: 1_271_370 },
    ...{ licence: 'CC-BY-NC-SA-4.0', licenceUrl: 'https://creativecommons.org/licenses/by-nc-sa/4.0/' },
    licenceMeans: 'It may not be used commercially.',
  }
  const startWith = async () => {
    const names: string[] = []
    const { app } = await start({
      wakeWords: async () => [word],
      wakePulls: createPulls(async name => void names.push(name)),
      checkWakeLicence(name, accepted) {
        if (accepted !== word.licence)
          throw new QuantvoxError('licence_not_accepted', `The wake word ${name} comes under a licence.`)
      },
    })
    const ask = (acceptLicence?: string) =>
      app.inject({
        ...pull('wake'),
        payload: JSON.stringify({ name: 'hey-jarvis', ...(acceptLicence && { acceptLicence }) }),
      })
    return { app, names, ask }
  }

  test('are listed with their licences', async () => {
    const { app } = await startWith()
    const { items } = (await app.inject('/v1/models/wake')).json()
    expect(items).toEqual([word])
    expect(Compile(WakeWordModel).Errors(items[0])[1]).toEqual([])
  })

  test('are fetched by nobody who has not accepted that licence', async () => {
    const { names, ask } = await startWith()
    for (const accepted of [undefined, 'MIT']) {
      const refused = await ask(accepted)
      expect([refused.statusCode, refused.json().code]).toEqual([403, 'licence_not_accepted'])
    }
    expect(names).toEqual([])
    const response = await ask('CC-BY-NC-SA-4.0')
    expect(eventsOf(response.body).at(-1)?.event).toBe('done')
    expect(names).toEqual(['hey-jarvis'])
  })
})

describe.each(['language', 'speech'])('a %s model', kind => {
  const remover = kind === 'language' ? 'removeLanguageModel' : 'removeSpeechModel'
  const remove = (query: string) => ({ method: 'DELETE' as const, url: `/v1/models/${kind}${query}` })

  test('is deleted by its name', async () => {
    const names: string[] = []
    const { app } = await start({ [remover]: async (name: string) => void names.push(name) })
    const response = await app.inject(remove('?name=x:1b'))
    expect([response.statusCode, response.body, names]).toEqual([204, '', ['x:1b']])
  })

  test('that is in use is kept, and the answer says what mends it', async () => {
    const mend = 'Choose another.'
    const refusal = new QuantvoxError('invalid_state', 'x:1b cannot be removed: it is loaded.', { mend })
    const { app } = await start({ [remover]: () => Promise.reject(refusal) })
    const response = await app.inject(remove('?name=x:1b'))
    expect(response.statusCode).toBe(409)
    expect(response.json()).toMatchObject({ code: 'invalid_state', detail: refusal.message, mend })
  })

  test('that is being fetched is not deleted below its download', async () => {
    const download = heldDownload()
    let removed = 0
    const { app } = await start({
      [`${kind}Pulls`]: download.pulls,
      [remover]: async () => {
        removed += 1
      },
    })
    const fetching = app.inject(pull(kind))
    await until(() => download.begun() === 1)
    const response = await app.inject(remove('?name=x:1b'))
    expect([response.statusCode, response.json().detail, removed]).toEqual([
      409,
      'x:1b cannot be removed: it is being fetched.',
      0,
    ])
    download.finish()
    await fetching
  })

  test('that is being fetched is among the pulls, and after that no more', async () => {
    const download = heldDownload()
    const { app } = await start({ [`${kind}Pulls`]: download.pulls })
    const pulls = async () => (await app.inject({ url: '/v1/models/pulls' })).json()
    expect(await pulls()).toEqual({ items: [] })
    const fetching = app.inject(pull(kind))
    await until(() => download.begun() === 1)
    const progress = { status: 'downloading', completedBytes: 1, totalBytes: 4 }
    download.report(progress)
    expect(await pulls()).toEqual({ items: [{ kind, name: 'x:1b', progress }] })
    download.finish()
    await fetching
    expect(await pulls()).toEqual({ items: [] })
  })

  test('without a name is no request', async () => {
    const { app } = await start()
    expect((await app.inject(remove(''))).statusCode).toBe(400)
  })
})

describe.each(['language', 'speech'])('a pull of a %s model', kind => {
  const withPulls = (pulls: ReturnType<typeof createPulls>) => start({ [`${kind}Pulls`]: pulls })

  test('streams its progress and then done', async () => {
    const names: string[] = []
    const { app } = await withPulls(
      createPulls(async (name, tell) => {
        names.push(name)
        for (const bytes of [10, 50, 100]) {
          await new Promise(resolve => setTimeout(resolve, 5))
          tell(progress(bytes))
        }
      }),
    )
    const response = await app.inject(pull(kind))
    expect(response.headers['content-type']).toMatch(/^text\/event-stream/)
    expect(names).toEqual(['x:1b'])
    expect(eventsOf(response.body)).toEqual([
      { event: 'progress', data: { status: 'starting', completedBytes: null, totalBytes: null } },
      ...[10, 50, 100].map(bytes => ({ event: 'progress', data: progress(bytes) })),
      { event: 'done', data: { name: 'x:1b' } },
    ])
  })

  test('that fails ends with an error that says what mends it', async () => {
    const failure = new QuantvoxError('model_not_found', 'No such model.', { mend: 'Look at the list.' })
    const { app } = await withPulls(
      createPulls(async (_name, tell) => {
        await new Promise(resolve => setTimeout(resolve, 20))
        tell(progress(10))
        throw failure
      }),
    )
    expect(eventsOf((await app.inject(pull(kind))).body).at(-1)).toEqual({
      event: 'error',
      data: { code: 'model_not_found', message: 'No such model.', mend: 'Look at the list.' },
    })
  })

  test('is joined by who asks for the same, and begun anew once it is over', async () => {
    const download = heldDownload()
    const { app } = await withPulls(download.pulls)
    const first = app.inject(pull(kind))
    await until(() => download.begun() === 1)
    download.report(progress(40))
    const second = app.inject(pull(kind))
    await new Promise(resolve => setTimeout(resolve, 50))
    download.report(progress(90))
    download.finish()
    const [one, two] = (await Promise.all([first, second])).map(({ body }) => eventsOf(body))
    expect(download.begun()).toBe(1)
    // Who joins hears the latest progress at once.
    expect(two?.map(({ data }) => data)).toEqual([progress(40), progress(90), { name: 'x:1b' }])
    expect(one?.at(-1)?.event).toBe('done')
    const third = app.inject(pull(kind))
    await until(() => download.begun() === 2)
    download.finish()
    expect(eventsOf((await third).body).at(-1)?.event).toBe('done')
  })

  test('is given up for all who follow it, and can be begun anew', async () => {
    const download = heldDownload()
    const { app } = await withPulls(download.pulls)
    const cancel = () => app.inject({ method: 'DELETE', url: `/v1/models/${kind}/pull?name=x:1b` })
    const [first, second] = [app.inject(pull(kind)), app.inject(pull(kind))]
    await until(() => download.begun() === 1)
    expect((await cancel()).statusCode).toBe(204)
    for (const { body } of await Promise.all([first, second]))
      expect(eventsOf(body).at(-1)).toEqual({ event: 'cancelled', data: { name: 'x:1b' } })
    const gone = await cancel()
    expect([gone.statusCode, gone.json().code]).toEqual([404, 'not_found'])
    const third = app.inject(pull(kind))
    await until(() => download.begun() === 2)
    download.finish()
    expect(eventsOf((await third).body).at(-1)?.event).toBe('done')
  })

  test('goes on when the client leaves', async () => {
    const download = heldDownload()
    const { app, logLines } = await withPulls(download.pulls)
    const url = await app.listen({ port: 0, host: '127.0.0.1' })
    const leave = new AbortController()
    const { url: path, payload: body, ...request } = pull(kind)
    const response = await fetch(url + path, { ...request, body, signal: leave.signal })
    await response.body?.getReader().read()
    leave.abort()
    await new Promise(resolve => setTimeout(resolve, 50))
    expect(download.pulls.running()).toEqual(['x:1b'])
    const second = app.inject(pull(kind))
    await new Promise(resolve => setTimeout(resolve, 20))
    download.finish()
    expect(eventsOf((await second).body).at(-1)?.event).toBe('done')
    expect([download.begun(), download.pulls.running()]).toEqual([1, []])
    expect(logLines.filter(line => JSON.parse(line).level >= 40)).toEqual([])
  })

  test.each([
    ['no name', null],
    ['an empty name', ''],
    ['a name that is a number', 5],
    ['a name without end', 'x'.repeat(300)],
  ])('with %s is invalid_request', async (_what, name) => {
    const response = await (await start()).app.inject(pull(kind, name))
    expect([response.statusCode, response.json().code]).toEqual([400, 'invalid_request'])
  })

  test.each(['application/json', '*/*', 'text/html'])(
    'comes as events for who accepts %s, too',
    async accept => {
      const response = await (await start()).app.inject(pull(kind, 'x:1b', { accept }))
      expect([response.statusCode, response.headers['content-type']]).toEqual([
        200,
        expect.stringMatching(/^text\/event-stream/),
      ])
    },
  )

  test('without a body is invalid_request', async () => {
    const response = await (await start()).app.inject({ method: 'POST', url: `/v1/models/${kind}/pull` })
    expect([response.statusCode, response.json().code]).toEqual([400, 'invalid_request'])
  })
})
