import type { RoomEvent } from "../room/room_events.ts";

/** What a server tells its application beside what happens inside rooms. */
export type SignalingEvent =
  /** A participant has joined a room. */
  | { readonly type: "peerConnected"; readonly participant: string; readonly roomId: string }
  /** A participant is gone; `rooms` are those it was in. */
  | { readonly type: "peerDisconnected"; readonly participant: string; readonly rooms: readonly string[] }
  /** A room came into being with its first member. */
  | { readonly type: "roomCreated"; readonly roomId: string }
  /** A room ended with its last member. */
  | { readonly type: "roomDestroyed"; readonly roomId: string }
  /** `authenticate` refused a join; the reason is the hook's, never the token. */
  | { readonly type: "authRejected"; readonly participant: string; readonly roomId: string; readonly reason: string }
  /** A message was dropped by the rate limit. */
  | { readonly type: "rateLimited"; readonly participant: string | undefined; readonly remoteAddress: string }
  /** A worker has ended and its rooms with it (those events came before); it is started again. */
  | { readonly type: "workerLost"; readonly worker: string; readonly reason: string; readonly rooms: readonly string[] }
  /** A worker that had ended runs again. */
  | { readonly type: "workerStarted"; readonly worker: string; readonly udpPort: number }
  /**
   * A core (`main`, or `worker 0` and so on) has too much to do and sends less video, or more again: `step` of `steps`, 0
   * for everything; `level` 1 is as much as can be done without delay, `lastN` how many cameras each participant is sent
   * at most, 0 for all.
   */
  | {
    readonly type: "serverLoad";
    readonly host: string;
    readonly step: number;
    readonly steps: number;
    readonly level: number;
    readonly lastN: number;
  }
  /** A message of a joined participant was let through. */
  | { readonly type: "messageReceived"; readonly participant: string; readonly messageType: string };

/** What happens in rooms, as the application hears it; the membership ones come as `peerConnected` and the like. */
export type MediaEvent = Exclude<
  RoomEvent,
  { type: "roomCreated" | "roomEnded" | "participantJoined" | "participantLeft" }
>;

/**
 * Everything a server tells, before the time is added.
 *
 * @example
 * ```ts
 * import { createServer } from "@seameet/cli/server";
 *
 * await using server = await createServer({ ws: "127.0.0.1:0", udpPort: 0, allowUnauthenticatedJoins: true });
 * const log = async () => {
 *   for await (const event of server.events()) {
 *     if (event.type === "peerConnected") console.log(`${event.participant} is in ${event.roomId}`);
 *   }
 * };
 * const logging = log();
 * await server.close();
 * await logging;
 * ```
 */
export type ServerEvent = SignalingEvent | MediaEvent;

/** An event with the moment it happened, in milliseconds since 1970. */
export type TimedServerEvent = ServerEvent & { readonly timestamp: number };
