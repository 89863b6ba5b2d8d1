import type { PooledPacket } from "../base/packet_pool.ts";
import type { HmacSha1 } from "./sha1.ts";
import { STUN_BINDING, StunClass, type StunView } from "./stun_message.ts";
import { StunWriter } from "./stun_writer.ts";

/** Writes the error that answers a check. */
export function refuseCheck(
  view: StunView,
  mac: HmacSha1,
  code: number,
  reason: string,
  reply: PooledPacket,
): "refused" {
  const writer = new StunWriter(reply.bytes, StunClass.error, STUN_BINDING, view.bytes);
  writer.errorCode(code, reason);
  if (view.unknown.length > 0) writer.unknownAttributes(view.unknown);
  writer.integrity(mac).fingerprint();
  reply.length = writer.length;
  return "refused";
}
