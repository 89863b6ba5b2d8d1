import type { MediaKind } from "../../room/track_source.ts";
import { ssrcOf } from "./bench_media.ts";

/** The fingerprint that all participants and the server show. */
export const BENCH_FINGERPRINT: string = Array.from(
  { length: 32 },
  (_, i) => i.toString(16).padStart(2, "0").toUpperCase(),
).join(":");

/** The ICE ufrag that all participants have. */
export const BENCH_UFRAG = "abcd";

/**
 * The offer of participant `index`.
 *
 * @param publishes whether its first two lines send its microphone and its camera
 * @param pairs how many pairs of lines it wants to receive on
 */
export function benchOffer(index: number, publishes: boolean, pairs: number): string {
  const sections: string[] = [];
  const add = (media: MediaKind, direction: string) => sections.push(section(index, media, sections.length, direction));
  for (let i = publishes ? -1 : 0; i < pairs; i++) {
    for (const media of ["audio", "video"] as const) add(media, i < 0 ? "sendonly" : "recvonly");
  }
  const mids = sections.map((_, mid) => mid).join(" ");
  return `v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE ${mids}\r\na=extmap-allow-mixed\r\n` +
    sections.join("");
}

function section(index: number, media: MediaKind, mid: number, direction: string): string {
  const codec = media === "audio"
    ? "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=rtpmap:111 opus/48000/2\r\n" +
      "a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n"
    : "m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\na=rtpmap:96 VP8/90000\r\na=rtcp-fb:96 nack\r\na=rtcp-fb:96 nack pli\r\n" +
      "a=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n";
  const [line, ...rest] = codec.split("\r\n");
  const ssrc = direction === "sendonly" ? `a=ssrc:${ssrcOf(media, index)} cname:bench\r\n` : "";
  return `${line}\r\nc=IN IP4 0.0.0.0\r\na=ice-ufrag:${BENCH_UFRAG}\r\na=ice-pwd:${"p".repeat(24)}\r\n` +
    `a=fingerprint:sha-256 ${BENCH_FINGERPRINT}\r\na=setup:actpass\r\na=mid:${mid}\r\na=${direction}\r\na=rtcp-mux\r\n` +
    `a=rtcp-rsize\r\na=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid\r\n${rest.join("\r\n")}${ssrc}`;
}
