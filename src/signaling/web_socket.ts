/** The part of a `WebSocket` that clients use, so that tests and other runtimes can hand in their own. */
export interface WebSocketLike {
  /** 1 while messages can be sent. */
  readonly readyState: number;
  /** Sends one text frame. */
  send(text: string): void;
  /** Ends the connection. */
  close(code?: number, reason?: string): void;
  /** Called once when the connection is open. */
  onopen: ((event: Event) => void) | null;
  /** Called for each frame. */
  onmessage: ((event: MessageEvent) => void) | null;
  /** Called once when the connection has ended or could not be made. */
  onclose: ((event: CloseEvent) => void) | null;
}
