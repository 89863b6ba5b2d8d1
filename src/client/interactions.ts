import type { ParticipantId } from "../base/ids.ts";
import type { ModerationAction } from "../signaling/messages.ts";
import type { Emitter } from "./emitter.ts";
import type { RoomSender } from "./room_sender.ts";
import type { ClientEvents } from "./types.ts";

/**
 * What people do in a meeting besides talking: raise a hand, react, moderate. All answer `false` without a connection.
 *
 * @example
 * ```ts
 * import { SeaMeetClient } from "@seameet/cli/client";
 * import { assertEquals } from "@std/assert";
 *
 * const client = new SeaMeetClient({ url: "wss://meet.example.org/", roomId: "daily", displayName: "Ada" });
 * client.on("reaction", ({ participant, emoji }) => console.log(participant, emoji));
 * // Nobody is told before it has joined.
 * assertEquals(client.interactions.raiseHand(true), false);
 * ```
 */
export class Interactions {
  #sender: RoomSender;
  #events: Emitter<ClientEvents>;
  #joined: () => boolean;
  #handOrder = 0;

  /** Creates the interactions of one client. */
  constructor(sender: RoomSender, events: Emitter<ClientEvents>, joined: () => boolean) {
    this.#sender = sender;
    this.#events = events;
    this.#joined = joined;
  }

  /** Our place in the order of raised hands; 0 while ours is down. */
  get handOrder(): number {
    return this.#handOrder;
  }

  /** Raises or lowers our hand. */
  raiseHand(raised: boolean): boolean {
    return this.#joined() && this.#sender.hand(raised);
  }

  /** Shows everybody one emoji for a moment. */
  react(emoji: string): boolean {
    return this.#joined() && this.#sender.reaction(emoji);
  }

  /** Acts on another member; the server refuses without the permission `moderate`. */
  moderate(participant: ParticipantId, action: ModerationAction): boolean {
    return this.#joined() && this.#sender.moderate(participant, action);
  }

  /** Takes our place in the order as the server tells it. */
  setHandOrder(order: number): void {
    if (order === this.#handOrder) return;
    this.#handOrder = order;
    this.#events.emit("hand", { order });
  }

  /** Tells of a reaction as the server does. */
  showReaction(participant: ParticipantId, emoji: string): void {
    this.#events.emit("reaction", { participant, emoji });
  }
}
