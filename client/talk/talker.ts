import { createLevel } from '../audio/level.ts'
import { type Microphone, MicrophoneError, openMicrophone } from '../audio/microphone.ts'
import type { LiveSession } from './liveSession.ts'
import type { TalkFacts } from './talkState.ts'

/** The microphone's life: off, starting, on, failed; and what really comes from it. */
export function createTalker(session: LiveSession, changed: () => void) {
  let state: TalkFacts['microphone'] = 'off'
  let microphone: Microphone | null = null
  let failure: MicrophoneError | null = null
  let muted = false
  let level = createLevel()
  /** Of several openings the last one counts. */
  let opening = 0

  function become(next: TalkFacts['microphone'], why: MicrophoneError | null = null): void {
    state = next
    failure = why
    changed()
  }

  function release(): void {
    opening++
    microphone?.close()
    microphone = null
  }

  async function turnOn(deviceId: string | null): Promise<void> {
    release()
    const mine = opening
    const context = session.open()
    level = createLevel()
    become('starting')
    try {
      const opened = await openMicrophone({
        context,
        deviceId: deviceId ?? undefined,
        frame({ pcm, level: rms }) {
          if (mine !== opening) return
          level.frame(rms, performance.now())
          session.audio(pcm)
          if (state === 'starting') become('on')
        },
        ended() {
          release()
          session.cancelSpeech()
          become(
            'failed',
            new MicrophoneError(
              'The microphone was unplugged.',
              'Plug it in or choose another, then tap again.',
            ),
          )
        },
      })
      if (mine !== opening) opened.close()
      else {
        microphone = opened
        opened.setMuted(muted)
      }
    } catch (error) {
      if (mine !== opening) return
      const why =
        error instanceof MicrophoneError
          ? error
          : new MicrophoneError(`The microphone cannot be opened (${String(error)}).`, 'Load the page again.')
      become('failed', why)
    }
  }

  return {
    /** Within a tap or key press. */
    turnOn,
    turnOff(): void {
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
    framesFlow: (): boolean => level.flows(performance.now()),
    /** 0 to 1; null while it is off. */
    level: (): number | null => (state === 'on' ? level.at(performance.now()) : null),
    /** So long only exact silence comes, though nobody muted it here. */
    silentForMs: (): number => (state === 'on' && !muted ? level.silentForMs(performance.now()) : 0),
    failure: (): MicrophoneError | null => failure,
  }
}
