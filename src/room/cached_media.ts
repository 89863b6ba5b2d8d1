import { ExtensionIndex } from "../rtp/header_extension.ts";
import { RtpView } from "../rtp/rtp_view.ts";
import type { CachedPacket } from "../stream/packet_cache.ts";
import type { Encoding } from "./encoding.ts";
import { MediaPacket } from "./media_packet.ts";

/** Scratch space shared by all subscriptions: nothing lives in it between calls. */
const view = new RtpView();
const extensions = new ExtensionIndex();

/** The packet that `readCached` has read. */
export const cachedMedia: MediaPacket = new MediaPacket();

/** Reads a packet of an encoding's cache into `cachedMedia`; `false` when there is none. */
export function readCached(encoding: Encoding, cached: CachedPacket | undefined): boolean {
  const { track, templates } = encoding;
  const codec = cached === undefined ? undefined : track.codecOf(cached.payloadType);
  if (cached === undefined || codec === undefined) return false;
  const { packet, sequence } = cached;
  if (!view.parse(packet.bytes, packet.length) || !extensions.parse(view)) return false;
  return cachedMedia.read(packet, view, extensions, track.extensions, codec, sequence, templates, false);
}
