import type { WebSocket } from 'ws'

/** Hangs up on a client that has left a ping unanswered when the next is due. Gives what ends that. */
export function startHeartbeat(socket: WebSocket, everyMs: number): () => void {
  let answered = true
  socket.on('pong', () => {
    answered = true
  })
  const heartbeat = setInterval(() => {
    if (!answered) {
      socket.terminate()
      return
    }
    answered = false
    socket.ping()
  }, everyMs)
  heartbeat.unref()
  return () => clearInterval(heartbeat)
}
