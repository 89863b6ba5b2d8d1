import { assert, assertEquals } from "@std/assert";
import { type AnswerParameters, writeAnswer } from "./answer.ts";
import { hostCandidates } from "./candidate.ts";
import { type ParsedOffer, parseOffer } from "./negotiate.ts";
import { parseSessionDescription } from "./session_description.ts";

const PARAMETERS: AnswerParameters = {
  ufrag: "srvU",
  pwd: "serverpasswordserverpw",
  fingerprint: Array(32).fill("AB").join(":"),
  candidates: hostCandidates([{ address: "192.168.1.5", port: 10_000 }, { address: "203.0.113.9", port: 10_000 }]),
  sending: (mid) => ({ ssrc: 1_000 + Number(mid), rtxSsrc: 2_000 + Number(mid), cname: "seameet" }),
  sessionId: "42",
};

function load(name: string): ParsedOffer {
  const offer = parseOffer(Deno.readTextFileSync(new URL(`../../tests/data/${name}`, import.meta.url)));
  assert(!("reason" in offer));
  return offer;
}

function sectionsOf(answer: string): string[][] {
  return answer.split(/(?=^m=)/m).map((part) => part.trimEnd().split("\r\n"));
}

Deno.test("writeAnswer() writes the session and an audio m-line in the agreed order", () => {
  const [session, audio] = sectionsOf(writeAnswer(load("chromium_offer.sdp"), PARAMETERS));
  assertEquals(session, [
    "v=0",
    "o=- 42 2 IN IP4 0.0.0.0",
    "s=-",
    "t=0 0",
    "a=group:BUNDLE 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15",
    "a=extmap-allow-mixed",
    "a=msid-semantic: WMS *",
    "a=ice-lite",
  ]);
  const msid = audio!.find((line) => line.startsWith("a=msid:"))!.slice(2);
  assertEquals(audio, [
    "m=audio 9 UDP/TLS/RTP/SAVPF 111 63",
    "c=IN IP4 0.0.0.0",
    "a=candidate:1 1 udp 2130706431 203.0.113.9 10000 typ host",
    "a=candidate:2 1 udp 2130706175 192.168.1.5 10000 typ host",
    "a=ice-ufrag:srvU",
    "a=ice-pwd:serverpasswordserverpw",
    "a=ice-options:trickle",
    `a=fingerprint:sha-256 ${PARAMETERS.fingerprint}`,
    "a=setup:passive",
    "a=mid:0",
    "a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level",
    "a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
    "a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
    "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid",
    "a=sendrecv",
    `a=${msid}`,
    "a=rtcp-mux",
    "a=rtpmap:111 opus/48000/2",
    "a=rtcp-fb:111 transport-cc",
    "a=fmtp:111 minptime=10;useinbandfec=1",
    "a=rtpmap:63 red/48000/2",
    "a=fmtp:63 111/111",
    "a=ssrc:1000 cname:seameet",
    `a=ssrc:1000 ${msid}`,
  ]);
});

Deno.test("writeAnswer() lists VP8 first, one ssrc with its retransmissions, and no candidates in later m-lines", () => {
  const sections = sectionsOf(writeAnswer(load("chromium_offer.sdp"), PARAMETERS));
  const video = sections[2]!;
  assertEquals(video[0], "m=video 9 UDP/TLS/RTP/SAVPF 96 97 45 46 98 99 100 101");
  assertEquals(video.filter((line) => line.startsWith("a=rtcp-fb:96")), [
    "a=rtcp-fb:96 transport-cc",
    "a=rtcp-fb:96 goog-remb",
    "a=rtcp-fb:96 ccm fir",
    "a=rtcp-fb:96 nack",
    "a=rtcp-fb:96 nack pli",
  ]);
  assert(video.includes("a=fmtp:97 apt=96") && video.includes("a=fmtp:98 profile-id=0"));
  assertEquals(video.at(-1), "a=ssrc-group:FID 1001 2001");
  for (const later of sections.slice(2)) assert(!later.some((line) => line.startsWith("a=candidate")));
});

Deno.test("writeAnswer() answers bundle-only m-lines with port 9", () => {
  const sections = sectionsOf(writeAnswer(load("firefox_offer.sdp"), PARAMETERS));
  assertEquals(sections.slice(1).map((lines) => lines[0]!.split(" ")[1]), Array(16).fill("9"));
});

Deno.test("writeAnswer() takes Firefox's simulcast up, each header extension for the way it was offered for", () => {
  const [, camera] = sectionsOf(writeAnswer(load("firefox_simulcast_offer.sdp"), PARAMETERS));
  const lines = camera!.filter((line) => /^a=(extmap|rid|simulcast|recvonly)/.test(line));
  assertEquals(lines, [
    "a=extmap:3 urn:ietf:params:rtp-hdrext:sdes:mid",
    "a=extmap:4 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
    "a=extmap:7 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
    "a=extmap:9/recvonly urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
    "a=extmap:10/recvonly urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id",
    "a=recvonly",
    "a=rid:q recv",
    "a=rid:h recv",
    "a=rid:f recv",
    "a=simulcast:recv q;h;f",
  ]);
});

Deno.test("writeAnswer() can be read again and says the same", () => {
  for (const name of ["chromium_offer.sdp", "firefox_offer.sdp", "firefox_simulcast_offer.sdp"]) {
    const offer = load(name);
    const answer = parseSessionDescription(writeAnswer(offer, PARAMETERS));
    assert(!("reason" in answer));
    assertEquals(answer.bundles, [offer.bundle]);
    assertEquals(answer.media.map((media) => media.mid), offer.sections.map((section) => section.mid));
    assertEquals(answer.media.map((media) => media.direction), offer.sections.map((section) => section.answered));
    assertEquals(answer.media.map((media) => media.setup), offer.sections.map(() => "passive"));
    assert(answer.flags.has("ice-lite"));
    for (const [i, media] of answer.media.entries()) {
      assertEquals(
        media.payloads.filter((payload) => payload.name !== "rtx").map((payload) => payload.payloadType),
        offer.sections[i]!.codecs.map((codec) => codec.payloadType),
      );
      assertEquals(new Map(media.extensions.map(({ uri, id }) => [uri, id])), offer.sections[i]!.extensions);
    }
  }
});

Deno.test("writeAnswer() rejects and mirrors m-line by m-line", () => {
  const lines = [
    "v=0",
    "a=group:BUNDLE 1 2 3",
    "a=fingerprint:sha-256 " + PARAMETERS.fingerprint,
    "a=ice-ufrag:abcd",
    "a=ice-pwd:" + "p".repeat(22),
    "a=setup:actpass",
    "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
    "a=mid:0",
    "m=audio 9 UDP/TLS/RTP/SAVPF 0 111",
    "a=mid:1",
    "a=rtcp-mux",
    "a=recvonly",
    "a=rtpmap:111 opus/48000/2",
    "m=video 9 UDP/TLS/RTP/SAVPF 96",
    "a=mid:2",
    "a=rtcp-mux",
    "a=rtpmap:96 H261/90000",
    "m=video 9 UDP/TLS/RTP/SAVPF 96",
    "a=mid:3",
    "a=rtcp-mux",
    "a=inactive",
    "a=rtpmap:96 VP8/90000",
  ];
  const offer = parseOffer(lines.join("\r\n"));
  assert(!("reason" in offer), "reason" in offer ? offer.message : "");
  const [session, ...sections] = sectionsOf(writeAnswer(offer, PARAMETERS));
  assert(session!.includes("a=group:BUNDLE 1 2 3") && !session!.includes("a=extmap-allow-mixed"));
  assertEquals(sections[0], [
    "m=application 0 UDP/DTLS/SCTP webrtc-datachannel",
    "c=IN IP4 0.0.0.0",
    "a=mid:0",
    "a=inactive",
  ]);
  assertEquals(sections[1]!.filter((line) => /^(m=|a=(candidate|send|recv|inact|ssrc|msid))/.test(line)), [
    "m=audio 9 UDP/TLS/RTP/SAVPF 111",
    "a=candidate:1 1 udp 2130706431 203.0.113.9 10000 typ host",
    "a=candidate:2 1 udp 2130706175 192.168.1.5 10000 typ host",
    "a=sendonly",
    "a=ssrc:1001 cname:seameet",
  ]);
  assertEquals(sections[2]!.filter((line) => /^(m=|a=(inact|rtpmap|ssrc))/.test(line)), [
    "m=video 9 UDP/TLS/RTP/SAVPF 96",
    "a=inactive",
    "a=rtpmap:96 H261/90000",
  ]);
  assertEquals(sections[3]!.filter((line) => /^(m=|a=(inact|rtpmap|ssrc))/.test(line)), [
    "m=video 9 UDP/TLS/RTP/SAVPF 96",
    "a=inactive",
    "a=rtpmap:96 VP8/90000",
  ]);
});

Deno.test("writeAnswer() announces no ssrc where there is none", () => {
  const answer = writeAnswer(load("chromium_offer.sdp"), {
    ...PARAMETERS,
    sending: () => undefined,
    sessionVersion: 7,
  });
  assert(!answer.includes("a=ssrc"));
  assert(answer.includes("o=- 42 7 IN"));
});
