import { createLevel } from '../audio/level.ts'
import {
  listMicrophones,
  type Microphone,
  MicrophoneError,
  notRunning,
  openMicrophone,
  RUNS_WITHIN_MS,
} from '../audio/microphone.ts'
import { microphonesToTry } from '../audio/microphoneChoice.ts'
import type { LiveSession } from './session/liveSession.ts'
import type { TalkFacts } from './talkState.ts'

export type TalkerOptions = {
  session: Pick<LiveSession, 'open' | 'audio' | 'cancelSpeech'>
  changed(): void
  /** Another microphone is used than before, without anybody's hand. */
  moved(text: string): void
}

const UNPLUGGED = new MicrophoneError(
  'The microphone was unplugged.',
  'Plug one in, and it goes on; or choose another.',
)

/** The microphone's life: off, starting, on, failed; what really comes from it; and which one goes on when it is unplugged. */
export function createTalker({ session, changed, moved }: TalkerOptions) {
  let state: TalkFacts['microphone'] = 'off'
  let microphone: Microphone | null = null
  let failure: MicrophoneError | null = null
  let muted = false
  let level = createLevel()
  /** The one that was chosen, or that the browser gave first. */
  let homeId: string | null = null
  /** The one in use ended by itself: any other may take its place. */
  let isLost = false
  /** Of several openings the last one counts. */
  let opening = 0

  function become(next: TalkFacts['microphone'], why: MicrophoneError | null = null): void {
    state = next
    failure = why
    changed()
  }

  function release(): void {
    microphone?.close()
    microphone = null
  }

  /** The one before is used until this one is open. False where another opening began meanwhile; throws where it cannot be opened. */
  async function open(deviceId: string | undefined): Promise<boolean> {
    const mine = ++opening
    const opened: Microphone = await openMicrophone({
      ...{ context: session.open(), deviceId, muteChanged: changed },
      frame({ pcm, level: rms }) {
        if (microphone !== opened) return
        level.frame(rms, performance.now())
        session.audio(pcm)
        if (state === 'starting') become('on')
      },
      ended() {
        if (microphone !== opened) return
        release()
        session.cancelSpeech()
        isLost = true
        become('starting')
        void follow()
      },
    })
    if (mine !== opening) {
      opened.close()
      return false
    }
    release()
    isLost = false
    microphone = opened
    opened.setMuted(muted)
    return true
  }

  async function turnOn(chosenId: string | null): Promise<void> {
    release()
    isLost = false
    level = createLevel()
    become('starting')
    const mine = opening + 1
    try {
      if (!(await open(chosenId ?? undefined))) return
      homeId = chosenId ?? microphone?.deviceId ?? null
      setTimeout(() => {
        if (mine !== opening || state !== 'starting') return
        release()
        become('failed', notRunning())
      }, RUNS_WITHIN_MS)
    } catch (error) {
      if (mine === opening) become('failed', microphoneError(error))
    }
  }

  /** After a change of the devices: back to the one that was chosen, or on with another. */
  async function follow(): Promise<void> {
    if (microphone === null && !isLost) return
    const listed = (await listMicrophones()).map(({ deviceId }) => deviceId)
    const candidates = microphonesToTry({ homeId, usedId: microphone?.deviceId ?? null, listed })
    if (candidates === 'keep') return
    for (const deviceId of candidates) {
      const mine = opening + 1
      try {
        if (!(await open(deviceId))) return
        if (state === 'failed') become('starting')
        const name = microphone?.label || 'Another microphone'
        moved(
          deviceId === homeId ? `${name} is back, and listens.` : `The microphone is gone. ${name} goes on.`,
        )
        return
      } catch {
        // The next one may do; but who turned it off or chose another meanwhile wants none of these.
        if (mine !== opening) return
      }
    }
    if (isLost) become('failed', UNPLUGGED)
  }

  navigator.mediaDevices?.addEventListener('devicechange', () => void follow())

  return {
    /** Within a tap or key press. */
    turnOn,
    turnOff(): void {
      opening++
      isLost = false
      release()
      session.cancelSpeech()
      become('off')
    },
    setMuted(next: boolean): void {
      muted = next
      microphone?.setMuted(next)
      changed()
    },
    microphone: (): TalkFacts['microphone'] => state,
    /** Id of the device in use; null while it is off. */
    deviceId: (): string | null => microphone?.deviceId ?? null,
    muted: (): boolean => muted,
    mutedBySystem: (): boolean => microphone?.mutedBySystem() ?? false,
    framesFlow: (): boolean => level.flows(performance.now()),
    /** 0 to 1; null while it is off. */
    level: (): number | null => (state === 'on' ? level.at(performance.now()) : null),
    /** So long only exact silence comes, though nobody muted it here. */
    silentForMs: (): number => (state === 'on' && !muted ? level.silentForMs(performance.now()) : 0),
    failure: (): MicrophoneError | null => failure,
  }
}

function microphoneError(error: unknown): MicrophoneError {
  if (error instanceof MicrophoneError) return error
  return new MicrophoneError(`The microphone cannot be opened (${String(error)}).`, 'Load the page again.')
}
