import type { ConnectionId } from "../../base/ids.ts";
import { MAX_FRAME_BYTES } from "../../signaling/limits.ts";
import { isBrokenOff, type SignalingConnection, WebSocketConnection } from "../signaling_connection.ts";

/** "Message too big" (RFC 6455 section 7.4.1). */
const TOO_BIG = 1009;

/** What is known of a WebSocket beside itself. */
export interface AcceptedFrom {
  /** The client's address. */
  readonly remoteAddress?: string | undefined;
  /** The headers of its request. */
  readonly headers?: Headers | undefined;
}

/**
 * A WebSocket that the application accepted, as a signaling connection.
 *
 * The runtime reassembles messages before they can be looked at: what stands between it and the open internet is the
 * application's choice (`createServer` has a guard for that).
 */
export function acceptedConnection(id: ConnectionId, socket: WebSocket, from: AcceptedFrom = {}): SignalingConnection {
  const connection = new WebSocketConnection(
    { id, remoteAddress: from.remoteAddress ?? "", headers: from.headers ?? new Headers(), url: socket.url },
    socket,
    {
      cut: (reason) => {
        socket.close();
        connection.handleClose(reason);
      },
      welcome: () => {},
    },
  );
  socket.addEventListener("message", ({ data }) => {
    if (typeof data === "string" && data.length > MAX_FRAME_BYTES) connection.close(TOO_BIG, "message_too_big");
    else connection.handleMessage(data);
  });
  socket.addEventListener("close", ({ code }) => connection.handleClose("closed", isBrokenOff(code)));
  // A line that breaks, or a client that does not answer pings; whatever close code the runtime makes up for it follows.
  socket.addEventListener("error", () => connection.handleClose("error", true));
  return connection;
}
