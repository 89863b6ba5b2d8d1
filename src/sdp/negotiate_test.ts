import { assert, assertEquals } from "@std/assert";
import { EXTENSION_URI } from "../rtp/header_extension.ts";
import { type Capabilities, DEFAULT_CAPABILITIES } from "./capabilities.ts";
import { checkRenegotiation, type MediaSection, type ParsedOffer, parseOffer } from "./negotiate.ts";

const CHROMIUM = Deno.readTextFileSync(new URL("../../tests/data/chromium_offer.sdp", import.meta.url));
const FIREFOX_SIMULCAST = Deno.readTextFileSync(
  new URL("../../tests/data/firefox_simulcast_offer.sdp", import.meta.url),
);
const FIREFOX = Deno.readTextFileSync(new URL("../../tests/data/firefox_offer.sdp", import.meta.url));

const SESSION = [
  "v=0",
  "o=- 1 2 IN IP4 127.0.0.1",
  "s=-",
  "t=0 0",
  "a=group:BUNDLE 0 1",
  "a=fingerprint:sha-256 " + Array(32).fill("aB").join(":"),
  "a=ice-ufrag:abcd",
  "a=ice-pwd:" + "p".repeat(22),
  "a=setup:actpass",
];
const AUDIO = ["m=audio 9 UDP/TLS/RTP/SAVPF 111", "a=mid:0", "a=rtcp-mux", "a=rtpmap:111 opus/48000/2"];
const VIDEO = ["m=video 9 UDP/TLS/RTP/SAVPF 96", "a=mid:1", "a=rtcp-mux", "a=rtpmap:96 VP8/90000"];

function sdp(lines: readonly string[]): string {
  return lines.join("\r\n") + "\r\n";
}

function parse(text: string, capabilities: Capabilities = DEFAULT_CAPABILITIES): ParsedOffer {
  const offer = parseOffer(text, capabilities);
  assert(!("reason" in offer), "reason" in offer ? offer.message : "");
  return offer;
}

function small(...extra: string[]): ParsedOffer {
  return parse(sdp([...SESSION, ...AUDIO, ...VIDEO, ...extra]));
}

function section(offer: ParsedOffer, index: number): MediaSection {
  const found = offer.sections[index];
  assert(found !== undefined);
  return found;
}

function refusal(lines: readonly string[] | string): string {
  const offer = parseOffer(typeof lines === "string" ? lines : sdp(lines));
  assert("reason" in offer, "accepted");
  assertEquals(offer.reason, "bad_sdp");
  return offer.message;
}

/** The small offer with one line replaced, or removed when `to` is undefined. */
function changed(from: string, to?: string): string[] {
  const lines = [...SESSION, ...AUDIO, ...VIDEO];
  assert(lines.includes(from), from);
  return lines.flatMap((line) => line === from ? (to === undefined ? [] : [to]) : [line]);
}

function summary(codecs: MediaSection["codecs"]): string[] {
  return codecs.map((codec) =>
    `${codec.name} ${codec.payloadType}/${codec.rtxPayloadType ?? "-"} ${codec.fmtp}`.trim()
  );
}

Deno.test("parseOffer() reads what Chromium offers", () => {
  const offer = parse(CHROMIUM);
  assertEquals(offer.sections.length, 16);
  assertEquals(offer.bundle, Array.from({ length: 16 }, (_, i) => String(i)));
  assertEquals([offer.setup, offer.extmapAllowMixed, offer.fingerprints.length], ["actpass", true, 1]);
  const [audio, video, pool] = [section(offer, 0), section(offer, 1), section(offer, 2)];
  assertEquals(summary(audio.codecs), ["opus 111/- minptime=10;useinbandfec=1", "red 63/- 111/111"]);
  assertEquals(audio.codecs.map(({ encloses }) => encloses), [undefined, 111]);
  assertEquals(audio.codecs[0]?.feedback, ["transport-cc"]);
  assertEquals(summary(video.codecs), [
    "VP8 96/97",
    "AV1 45/46 level-idx=5;profile=0;tier=0",
    "VP9 98/99 profile-id=0",
    "VP9 100/101 profile-id=2",
  ]);
  assertEquals(video.codecs[0]?.feedback, ["transport-cc", "goog-remb", "ccm fir", "nack", "nack pli"]);
  assertEquals(audio.extensions.get(EXTENSION_URI.audioLevel), 1);
  assertEquals(video.extensions.get(EXTENSION_URI.videoOrientation), 13);
  assertEquals(video.extensions.has(EXTENSION_URI.videoTiming), false);
  assertEquals([video.ssrcs.length, video.rtxSsrcs.size, pool.ssrcs.length], [1, 1, 1]);
  assertEquals(pool.msidStream, "-");
  assert(audio.msidStream !== "-" && audio.msidStream === video.msidStream);
  for (const entry of offer.sections) assertEquals([entry.answered, entry.rejected], ["sendrecv", false]);
});

Deno.test("parseOffer() reads what Firefox offers, bundle-only m-lines with port 0 included", () => {
  const offer = parse(FIREFOX);
  assertEquals(offer.sections.length, 16);
  assertEquals(offer.bundle.length, 16);
  assertEquals(summary(section(offer, 2).codecs), ["opus 109/- minptime=10;useinbandfec=1"]);
  assertEquals(summary(section(offer, 3).codecs), ["VP8 120/124", "VP9 121/125 profile-id=0", "AV1 99/100"]);
  assertEquals(section(offer, 3).rejected, false);
  assertEquals(section(offer, 2).msidStream, "-");
  assertEquals(section(offer, 1).extensions.get(EXTENSION_URI.mid), 3);
});

Deno.test("parseOffer() takes H.264 mode 1 only where the room asks for it", () => {
  const { sections } = parse(CHROMIUM, { codecs: ["AV1", "H264", "red", "opus"] });
  assertEquals(summary(sections[1]!.codecs), [
    "H264 108/109 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f",
    "AV1 45/46 level-idx=5;profile=0;tier=0",
  ]);
});

Deno.test("parseOffer() keeps the offerer's order, and redundant sound only of the Opus that is taken", () => {
  const audio = (formats: string, inside: string) =>
    section(
      parse(sdp([
        ...SESSION,
        `m=audio 9 UDP/TLS/RTP/SAVPF ${formats}`,
        ...["a=mid:0", "a=rtcp-mux", "a=rtpmap:111 opus/48000/2", "a=rtpmap:63 red/48000/2", `a=fmtp:63 ${inside}`],
        ...VIDEO,
      ])),
      0,
    );
  assertEquals(audio("63 111", "111/111").codecs.map(({ name }) => name), ["red", "opus"]);
  assertEquals(audio("111 63", "111/111/111").codecs.map(({ name }) => name), ["opus", "red"]);
  for (const inside of ["111/0", "0", ""]) {
    assertEquals(audio("63 111", inside).codecs.map(({ name }) => name), ["opus"], inside);
  }
  assertEquals(audio("63", "111").codecs.map(({ name }) => name), []);
});

Deno.test("parseOffer() mirrors directions, the session's where an m-line has none", () => {
  for (
    const [offered, answered, sends, receives] of [
      ["sendrecv", "sendrecv", true, true],
      ["sendonly", "recvonly", true, false],
      ["recvonly", "sendonly", false, true],
      ["inactive", "inactive", false, false],
    ] as const
  ) {
    const inMedia = section(small(`a=${offered}`), 1);
    assertEquals([inMedia.answered, inMedia.clientSends, inMedia.clientReceives], [answered, sends, receives]);
    const inSession = parse(sdp([...SESSION, `a=${offered}`, ...AUDIO, "a=sendonly", ...VIDEO]));
    assertEquals([section(inSession, 0).offered, section(inSession, 1).offered], ["sendonly", offered]);
  }
  assertEquals(section(small(), 0).offered, "sendrecv");
});

Deno.test("parseOffer() keeps an m-line without a common codec, inactive", () => {
  const offer = parse(sdp(changed("a=rtpmap:96 VP8/90000", "a=rtpmap:96 theora/90000")));
  const video = section(offer, 1);
  assertEquals([video.rejected, video.answered, video.codecs.length], [false, "inactive", 0]);
  assertEquals([video.fallbackFormat, video.fallbackMap], ["96", "theora/90000"]);
});

Deno.test("parseOffer() rejects data channels, unknown media and stopped m-lines, and nothing else", () => {
  const offer = small(
    "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
    "a=mid:2",
    "a=sctp-port:5000",
    "m=audio 0 UDP/TLS/RTP/SAVPF 0",
    "a=inactive",
    "m=text 9 UDP/TLS/RTP/SAVPF 98",
    "a=mid:4",
  );
  assertEquals(offer.sections.map((entry) => entry.rejected), [false, false, true, true, true]);
  assertEquals(offer.sections.map((entry) => entry.kind), ["audio", "video", "application", "audio", "application"]);
  assertEquals(offer.bundle, ["0", "1"]);
});

Deno.test("parseOffer() takes simulcast up where packets can name their encoding", () => {
  const ids = [`a=extmap:1 ${EXTENSION_URI.mid}`, `a=extmap:2 ${EXTENSION_URI.rid}`];
  const rids = ["a=rid:h send", "a=rid:l send", "a=rid:x recv", "a=simulcast:send h;~l recv x"];
  assertEquals(section(small(...ids, ...rids), 1).rids, ["h", "l"]);
  assertEquals(section(small(...rids), 1).rids, [], "without the header extensions");
  assertEquals(
    section(small(...ids, "a=rid:h send", "a=simulcast:send h"), 1).rids,
    [],
    "one encoding is no simulcast",
  );
  assertEquals(section(small(...ids, ...rids, "a=recvonly"), 1).rids, [], "nothing is sent");
  const many = Array.from({ length: 6 }, (_, i) => `a=rid:r${i} send`);
  assertEquals(section(small(...ids, ...many, "a=simulcast:send r0;r1;r2;r3;r4;r5"), 1).rids.length, 4);
  const cannotTell = [`a=extmap:1 ${EXTENSION_URI.mid}`, `a=extmap:2/recvonly ${EXTENSION_URI.rid}`];
  assertEquals(section(small(...cannotTell, ...rids), 1).rids, [], "the client does not write the rid");
});

Deno.test("parseOffer() takes Firefox's simulcast up: rids for one way, ssrcs as well", () => {
  const camera = section(parse(FIREFOX_SIMULCAST), 0);
  assertEquals(camera.rids, ["q", "h", "f"]);
  assertEquals(camera.ssrcs.length, 3);
  const { rid, repairedRid, dependencyDescriptor, playoutDelay } = EXTENSION_URI;
  assertEquals([camera.extensions.get(rid), camera.extensions.get(repairedRid)], [9, 10]);
  assertEquals([...camera.sentExtensions], [rid, repairedRid]);
  for (const other of [dependencyDescriptor, playoutDelay]) assertEquals(camera.extensions.has(other), false);
});

Deno.test("parseOffer() takes the dependency descriptor where AV1 comes, and where it may go", () => {
  const uri = EXTENSION_URI.dependencyDescriptor;
  const taken = (codec: string, ...more: string[]) => {
    const lines = changed("a=rtpmap:96 VP8/90000", `a=rtpmap:96 ${codec}/90000`);
    return section(parse(sdp([...lines, `a=extmap:5 ${uri}`, ...more])), 1).extensions.get(uri);
  };
  assertEquals(taken("AV1"), 5);
  assertEquals(taken("AV1", "a=recvonly"), 5);
  assertEquals(taken("VP8"), undefined);
  assertEquals(taken("VP8", "a=recvonly"), undefined);
});

Deno.test("parseOffer() leaves out extensions it cannot use", () => {
  const uri = EXTENSION_URI.videoOrientation;
  const ids = (...lines: string[]) => section(small(...lines), 1).extensions.get(uri);
  assertEquals(ids(`a=extmap:14 ${uri}`), 14);
  assertEquals(ids(`a=extmap:15 ${uri}`), undefined);
  assertEquals(ids(`a=extmap:16 ${uri}`), undefined);
  assertEquals(ids(`a=extmap:3/recvonly ${uri}`), undefined);
  assertEquals(ids("a=extmap:4 urn:unknown"), undefined);
  // Chromium would leave picture ids and temporal layers out of VP8, and drop the pictures of whoever comes next.
  const dependencies = EXTENSION_URI.dependencyDescriptor;
  assertEquals(section(small(`a=extmap:14 ${dependencies}`), 1).extensions.has(dependencies), false);
  const mixed = parse(sdp([...SESSION, "a=extmap-allow-mixed", ...AUDIO, ...VIDEO, `a=extmap:16 ${uri}`]));
  assertEquals(section(mixed, 1).extensions.get(uri), 16);
});

Deno.test("parseOffer() refuses what lacks the common transport", () => {
  const refused: [string, string | undefined, string][] = [
    ["a=group:BUNDLE 0 1", undefined, "BUNDLE"],
    ["a=group:BUNDLE 0 1", "a=group:BUNDLE 0", "BUNDLE"],
    ["a=ice-ufrag:abcd", undefined, "ice-ufrag"],
    ["a=ice-ufrag:abcd", "a=ice-ufrag:abc", "ice-ufrag"],
    ["a=ice-ufrag:abcd", "a=ice-ufrag:ab cd", "ice-ufrag"],
    ["a=ice-ufrag:abcd", "a=ice-ufrag:" + "u".repeat(257), "ice-ufrag"],
    ["a=ice-pwd:" + "p".repeat(22), "a=ice-pwd:" + "p".repeat(21), "ice-pwd"],
    ["a=setup:actpass", undefined, "setup"],
    ["a=setup:actpass", "a=setup:holdconn", "setup"],
    ["a=rtcp-mux", undefined, "rtcp-mux"],
    ["a=rtcp-mux", "a=rtcp-mux-only", "rtcp-mux"],
    ["a=mid:1", "a=mid:0", "twice"],
    ["a=mid:1", undefined, "no mid"],
    ["a=mid:1", "a=mid:" + "1".repeat(17), "mid"],
    ["a=mid:1", "a=mid:1 2", "mid"],
    ["t=0 0", "a=ice-lite", "ice-lite"],
    ["v=0", "v=1", "v=0"],
    ["m=video 9 UDP/TLS/RTP/SAVPF 96", "m=video 9 RTP/AVP 96", "SAVPF"],
    ["m=video 9 UDP/TLS/RTP/SAVPF 96", "m=video 9 UDP/TLS/RTP/SAVPF", "payload"],
    ["m=video 9 UDP/TLS/RTP/SAVPF 96", "m=video 9 UDP/TLS/RTP/SAVPF 128", "payloads"],
    ["m=video 9 UDP/TLS/RTP/SAVPF 96", "m=video 9 UDP/TLS/RTP/SAVPF 96 96", "payloads"],
    ["m=video 9 UDP/TLS/RTP/SAVPF 96", "m=video x UDP/TLS/RTP/SAVPF 96", "malformed"],
    ["m=video 9 UDP/TLS/RTP/SAVPF 96", "m=video 65536 UDP/TLS/RTP/SAVPF 96", "malformed"],
  ];
  for (const [from, to, word] of refused) {
    const message = refusal(changed(from, to));
    assert(message.includes(word), `${to ?? `no ${from}`}: ${message}`);
  }
  const hash = SESSION.find((line) => line.startsWith("a=fingerprint"))!;
  for (const bad of [undefined, "a=fingerprint:md5 AA:BB", hash + ":00", hash.replace("sha-256", "sha-1")]) {
    assert(refusal(changed(hash, bad)).includes("fingerprint"));
  }
});

Deno.test("parseOffer() refuses m-lines that disagree about the transport", () => {
  for (const line of ["a=ice-ufrag:other", "a=ice-pwd:" + "q".repeat(22), "a=setup:active"]) {
    assert(refusal([...SESSION, ...AUDIO, ...VIDEO, line]).includes("same"), line);
  }
  const other = "a=fingerprint:sha-256 " + Array(32).fill("CD").join(":");
  assert(refusal([...SESSION, ...AUDIO, ...VIDEO, other]).includes("fingerprint"));
});

Deno.test("parseOffer() brings fingerprints to one form", () => {
  assertEquals(small().fingerprints, [{ algorithm: "sha-256", value: Array(32).fill("AB").join(":") }]);
});

Deno.test("parseOffer() refuses ssrcs and extension ids that are out of range or ambiguous", () => {
  const cases: [string[], string][] = [
    [["a=ssrc:0 cname:x"], "ssrc"],
    [["a=ssrc:4294967296 cname:x"], "ssrc"],
    [["a=ssrc: cname:x"], "ssrc"],
    [["a=ssrc:1 cname:x", "a=ssrc-group:FID 1 2"], "ssrc-group"],
    [Array.from({ length: 17 }, (_, i) => `a=ssrc:${i + 1} cname:x`), "more than"],
    [["a=extmap:0 urn:x"], "extension id"],
    [["a=extmap:256 urn:x"], "extension id"],
    [["a=extmap:3 urn:x", "a=extmap:3 urn:y"], "twice"],
    [["a=mid:1"], "twice"],
    [["a=sendonly", "a=recvonly"], "twice"],
  ];
  for (const [extra, word] of cases) {
    const message = refusal([...SESSION, ...AUDIO, ...VIDEO, ...extra]);
    assert(message.includes(word), `${extra[0]}: ${message}`);
  }
  assert(refusal([...SESSION, ...AUDIO, "a=ssrc:7 cname:x", ...VIDEO, "a=ssrc:7 cname:x"]).includes("two m-lines"));
});

Deno.test("parseOffer() finds the ssrc of retransmissions", () => {
  const video = section(
    small("a=ssrc:7 cname:x", "a=ssrc:8 cname:x", "a=ssrc:4294967295 cname:x", "a=ssrc-group:FID 7 8"),
    1,
  );
  assertEquals(video.ssrcs, [7, 4294967295]);
  assertEquals([...video.rtxSsrcs], [[7, 8]]);
});

Deno.test("parseOffer() takes lone line feeds, refuses other control characters", () => {
  parse([...SESSION, ...AUDIO, ...VIDEO].join("\n") + "\n");
  for (const mark of ["\r", "\u0000", "\u001b", "\u007f"]) {
    assert(refusal([...SESSION, ...AUDIO, ...VIDEO, `a=msid:- ${mark}a=x`]).includes("control character"));
  }
});

Deno.test("parseOffer() bounds size, lines and m-lines", () => {
  const base = [...SESSION, ...AUDIO, ...VIDEO];
  assert(refusal("v=0\r\n" + "a".repeat(512 * 1024)).includes("characters"));
  assert(refusal([...base, "a=x:" + "y".repeat(2_048)]).includes("characters"));
  assert(refusal([...base, ...Array(20_000).fill("a=x")]).includes("lines"));
  assert(refusal([...base, ...Array(1_001).fill("a=rtcp-fb:* nack")]).includes("attributes"));
  assert(refusal([...SESSION, ...Array(257).fill("m=audio 0 X 0")]).includes("m-lines"));
  for (const empty of ["", "v=0", "v=0\r\n", "x", "\r\n".repeat(1000)]) refusal(empty);
  assert(refusal(SESSION).includes("no audio or video"));
});

Deno.test("parseOffer() does not echo an odd msid", () => {
  assertEquals(section(small("a=msid:" + "x".repeat(65)), 1).msid, undefined);
  assertEquals(section(small("a=msid:a b c"), 1).msid, undefined);
  assertEquals(section(small("a=msid:a b"), 1).msid, "a b");
});

Deno.test("checkRenegotiation() lets an offer grow and recycle rejected m-lines", () => {
  const first = parse(sdp([...SESSION, ...AUDIO, ...VIDEO, "m=audio 0 UDP/TLS/RTP/SAVPF 0", "a=mid:old"]));
  const again = [...SESSION, ...AUDIO, ...VIDEO, ...AUDIO, ...VIDEO];
  let mid = 0;
  const second = parse(
    sdp(
      again.map((line) => line.startsWith("a=mid") ? `a=mid:${mid++}` : line).map((line) =>
        line.startsWith("a=group") ? "a=group:BUNDLE 0 1 2 3" : line
      ),
    ),
  );
  assertEquals(second.sections.length, 4);
  assertEquals(checkRenegotiation(first, second), undefined);
  assertEquals(checkRenegotiation(second, first)?.reason, "bad_sdp");
});

Deno.test("checkRenegotiation() refuses another meaning of what is in use", () => {
  const first = small(`a=extmap:3 ${EXTENSION_URI.mid}`);
  const other = (from: string, to: string) => parse(sdp(changed(from, to)));
  assertEquals(checkRenegotiation(first, first), undefined);
  assertEquals(checkRenegotiation(first, other("a=rtpmap:96 VP8/90000", "a=rtpmap:96 VP9/90000"))?.reason, "bad_sdp");
  assertEquals(checkRenegotiation(first, small(`a=extmap:4 ${EXTENSION_URI.mid}`))?.reason, "bad_sdp");
  const moved = parse(sdp([...changed("a=mid:1", "a=mid:9")].map((line) => line.replace("BUNDLE 0 1", "BUNDLE 0 9"))));
  assertEquals(checkRenegotiation(first, moved)?.reason, "bad_sdp");
});
