/** Whatever description a client offers: no exception, bounded work, and every offer that is taken has an answer that fits it. */
import { assert, assertEquals } from "@std/assert";
import { seededRandom } from "../../src/base/random.ts";
import { hostCandidates } from "../../src/sdp/candidate.ts";
import { checkRenegotiation, type ParsedOffer, parseOffer, writeAnswer } from "../../src/sdp/negotiate.ts";
import { parseSessionDescription } from "../../src/sdp/session_description.ts";
import { below, checkInput, inputCount, mutate, type Rng, seed } from "./harness.ts";

/** Sections of the browsers' offers that are kept: with all sixteen, most changes would hit a repetition. */
const SECTIONS = 4;

const BASES: readonly string[][] = ["chromium_offer.sdp", "firefox_offer.sdp"].map((name) => {
  const text = Deno.readTextFileSync(new URL(`../data/${name}`, import.meta.url));
  return text.split(/(?=^m=)/m).slice(0, 1 + SECTIONS).join("").split("\r\n")
    .map((line) => line.startsWith("a=group") ? "a=group:BUNDLE 0 1 2 3" : line);
});

const WORDS: readonly string[] = [
  "",
  "0",
  "-1",
  "127",
  "128",
  "256",
  "4294967296",
  "1e9",
  "NaN",
  "*",
  "__proto__",
  "x".repeat(300),
];

const LINES: readonly string[] = [
  "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
  "m=video 0 UDP/TLS/RTP/SAVPF 96",
  "m=",
  "a=bundle-only",
  "a=inactive",
  "a=rtcp-fb:* nack",
  "a=extmap:15/sendrecv urn:ietf:params:rtp-hdrext:sdes:mid",
  "a=ssrc-group:FID 1 1",
  "a=ssrc-group:SIM 1 2 3",
  "a=simulcast:send a;b;~c recv d",
  "a=rid:a send pt=96",
  "a=fmtp:96 apt=96;=;;a==b",
  "a=rtpmap:96 rtx/90000",
  "a=rtpmap:constructor/1",
  "a=fingerprint:sha-256",
  "a=imageattr:* send [" + "x ".repeat(900),
  "a=",
  "a=:",
  "=",
];

function pick<T>(list: readonly T[], rng: Rng): T {
  return list[below(rng, list.length)]!;
}

/** A browser's offer with lines lost, doubled, moved, or with a word of them replaced. */
function nearlyValid(rng: Rng): string {
  const lines = [...pick(BASES, rng)];
  for (let changes = below(rng, 4) + 1; changes > 0; changes--) {
    const at = below(rng, lines.length);
    switch (below(rng, 5)) {
      case 0:
        lines.splice(at, 1);
        break;
      case 1:
        lines.splice(at, 0, lines[below(rng, lines.length)]!);
        break;
      case 2:
        lines.splice(at, 0, pick(LINES, rng));
        break;
      case 3:
        lines.splice(at, 0, ...lines.splice(below(rng, lines.length), 1));
        break;
      default: {
        const parts = (lines[at] ?? "").split(/(?<=[ :/=;])|(?=[ :/=;])/);
        parts[below(rng, parts.length)] = pick(WORDS, rng);
        lines[at] = parts.join("");
      }
    }
  }
  return lines.join("\r\n");
}

function checkOffer(offer: ParsedOffer): void {
  const mids = new Set<string>();
  for (const [i, section] of offer.sections.entries()) {
    assertEquals(section.index, i);
    if (section.rejected) continue;
    assert(section.kind !== "application" && /^[^\s]{1,16}$/.test(section.mid) && !mids.has(section.mid));
    mids.add(section.mid);
    for (const { payloadType, rtxPayloadType } of section.codecs) {
      for (const pt of [payloadType, rtxPayloadType ?? 0]) assert(Number.isInteger(pt) && pt >= 0 && pt <= 127);
    }
    for (const id of section.extensions.values()) assert(Number.isInteger(id) && id >= 1 && id <= 255 && id !== 15);
    for (const ssrc of [...section.ssrcs, ...section.rtxSsrcs.keys(), ...section.rtxSsrcs.values()]) {
      assert(Number.isInteger(ssrc) && ssrc >= 1 && ssrc <= 0xffffffff);
    }
    if (section.codecs.length === 0) assertEquals(section.answered, "inactive");
  }
  assertEquals(offer.bundle, [...mids]);
  assert(offer.ufrag.length >= 4 && offer.pwd.length >= 22 && offer.fingerprints.length > 0);
}

function checkBytes(bytes: Uint8Array): void {
  const text = new TextDecoder().decode(bytes);
  const offer = parseOffer(text);
  if ("reason" in offer) {
    assert(offer.message.length < 400, offer.message);
    return;
  }
  checkOffer(offer);
  assertEquals(checkRenegotiation(offer, offer), undefined);
  const answer = writeAnswer(offer, {
    ufrag: "srvU",
    pwd: "p".repeat(22),
    fingerprint: Array(32).fill("AB").join(":"),
    candidates: hostCandidates([{ address: "203.0.113.9", port: 1 }]),
    sending: () => ({ ssrc: 1, rtxSsrc: 2, cname: "c" }),
    sessionId: "1",
  });
  assert(answer.length < 2 * text.length + 1_000 * (offer.sections.length + 1), "The answer is out of proportion");
  const read = parseSessionDescription(answer);
  assert(!("reason" in read), "reason" in read ? read.message : "");
  assertEquals(read.media.map((media) => media.mid ?? ""), offer.sections.map((section) => section.mid));
  assertEquals(read.media.map((media) => media.port === 0), offer.sections.map((section) => section.rejected));
}

Deno.test("parseOffer() survives offers with wrong lines", () => {
  const rng = seededRandom(seed());
  for (let i = inputCount(); i > 0; i--) checkInput("sdp", new TextEncoder().encode(nearlyValid(rng)), checkBytes);
});

Deno.test("parseOffer() survives damaged text", () => {
  const rng = seededRandom(seed() + 1);
  const texts = BASES.map((lines) => new TextEncoder().encode(lines.join("\r\n")));
  for (let i = inputCount(); i > 0; i--) checkInput("sdp", mutate(pick(texts, rng), rng), checkBytes);
});

Deno.test("parseOffer() does bounded work for descriptions made to be slow", () => {
  const head = ["v=0", "m=video 9 UDP/TLS/RTP/SAVPF " + Array.from({ length: 128 }, (_, i) => i).join(" "), "a=mid:0"];
  const fill = (line: string, count: number) => [...head, ...Array(count).fill(line)].join("\r\n");
  const maps = Array.from({ length: 128 }, (_, i) => `a=rtpmap:${i} VP8/90000`);
  for (
    const text of [
      fill("a=simulcast:" + " ".repeat(2_000) + "\u00a0", 250),
      fill("a=imageattr:1 send [" + "x] [".repeat(500), 250),
      fill("a=ptime:" + "1.".repeat(1_000), 250),
      fill("a=extmap:" + "1".repeat(2_000), 250),
      [...head, ...maps, ...Array(800).fill("a=rtcp-fb:* nack")].join("\r\n"),
      [...head, ...maps, ...Array(240).fill("a=fmtp:1 " + ";".repeat(2_000))].join("\r\n"),
      "v=0\r\n" + "\r\n".repeat(200_000),
      "v=0\n" + "m=video 9 X 1\n".repeat(300),
    ]
  ) {
    // A machine that takes the core away does so once; work without bounds is slow each time.
    let took = Infinity;
    for (let tries = 0; tries < 3 && took > 2_000; tries++) {
      const start = performance.now();
      assert("reason" in parseOffer(text));
      took = Math.min(took, performance.now() - start);
    }
    // Three orders of magnitude above what it takes, three below what a pattern that backtracks would.
    assert(took < 2_000, `${took} ms for ${text.slice(0, 150)}`);
  }
});
