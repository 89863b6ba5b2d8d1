import type { OutboundPacket } from "./outbound_packet.ts";
import { RtpSender } from "./rtp_sender.ts";

/** Packets that wait to be taken out. */
const DEFAULT_CAPACITY = 256;

/** A packet as it comes out of an `RtpChannel`. */
export interface ChannelPacket {
  /** Sound or picture. */
  readonly medium: "audio" | "video";
  /** The packet. */
  readonly packet: OutboundPacket;
}

/** An `RtpSender` and what it has sent, in memory. */
export interface RtpChannel {
  /** Puts packets in. */
  readonly sender: RtpSender;
  /** Packets that were not taken out in time; the oldest are lost first. */
  readonly dropped: number;
  /** Takes the oldest packet out; `undefined` when there is none. */
  receive(): ChannelPacket | undefined;
}

/**
 * A sender whose packets are taken out again in the same process: for tests of what receives them.
 *
 * @example
 * ```ts
 * import { rtpChannel } from "@seameet/cli/rtp";
 * import { assertEquals } from "@std/assert";
 *
 * const channel = rtpChannel();
 * channel.sender.sendSilence(960);
 * assertEquals(channel.receive()?.packet.timestamp, 960);
 * assertEquals(channel.receive(), undefined);
 * ```
 */
export function rtpChannel(capacity: number = DEFAULT_CAPACITY): RtpChannel {
  const waiting: ChannelPacket[] = [];
  let dropped = 0;
  const sender = new RtpSender({
    onPacket: (medium, packet) => {
      waiting.push({ medium, packet });
      if (waiting.length <= capacity) return;
      waiting.shift();
      dropped++;
    },
  });
  return {
    sender,
    get dropped() {
      return dropped;
    },
    receive: () => waiting.shift(),
  };
}
