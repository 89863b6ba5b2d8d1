import { assert, assertEquals } from "@std/assert";
import { EXTENSION_URI } from "../rtp/header_extension.ts";
import { writeAnswer } from "./answer.ts";
import { hostCandidates } from "./candidate.ts";
import { checkRenegotiation, type ParsedOffer, parseOffer } from "./negotiate.ts";
import { type OfferedLine, parseAnswer, type ParsedAnswer, writeOffer } from "./offer_builder.ts";

const FINGERPRINT = Array(32).fill("AB").join(":");

function line(mid: string, kind: "audio" | "video", direction: OfferedLine["direction"]): OfferedLine {
  const ssrc = 1_001 + 10 * Number(mid);
  return { mid, kind, direction, msid: "camera track", ssrc, rtxSsrc: ssrc + 1 };
}

const LINES = [
  line("0", "audio", "sendonly"),
  line("1", "video", "sendonly"),
  line("2", "audio", "recvonly"),
  line("3", "video", "recvonly"),
  line("4", "video", "inactive"),
  line("5", "audio", "sendrecv"),
];

function offer(lines: readonly OfferedLine[], sessionVersion = 1): ParsedOffer {
  const sdp = writeOffer({
    ufrag: "clientUf",
    pwd: "clientpasswordclientpw",
    fingerprint: FINGERPRINT,
    sessionId: "7",
    sessionVersion,
    cname: "me",
    lines,
  });
  const parsed = parseOffer(sdp);
  assert(!("reason" in parsed), "reason" in parsed ? parsed.message : "");
  return parsed;
}

function answerText(lines: readonly OfferedLine[]): string {
  return writeAnswer(offer(lines), {
    ufrag: "serverUf",
    pwd: "serverpasswordserverpw",
    fingerprint: FINGERPRINT,
    candidates: hostCandidates([{ address: "127.0.0.1", port: 5 }, { address: "203.0.113.9", port: 6 }]),
    sending: (mid) => ({ ssrc: 5_000 + Number(mid), rtxSsrc: 6_000 + Number(mid), cname: "server" }),
    sessionId: "42",
  });
}

function answer(text: string, lines: readonly OfferedLine[] = LINES): ParsedAnswer {
  const parsed = parseAnswer(text, lines);
  assert(!("reason" in parsed), "reason" in parsed ? parsed.message : "");
  return parsed;
}

Deno.test("writeOffer() writes what our own server accepts, line by line", () => {
  const parsed = offer(LINES);
  assertEquals([parsed.ufrag, parsed.pwd, parsed.setup], ["clientUf", "clientpasswordclientpw", "active"]);
  assertEquals(parsed.fingerprints, [{ algorithm: "sha-256", value: FINGERPRINT }]);
  assertEquals(parsed.bundle, ["0", "1", "2", "3", "4", "5"]);
  assertEquals(
    parsed.sections.map(({ kind, offered }) => `${kind} ${offered}`),
    LINES.map(({ kind, direction }) => `${kind} ${direction}`),
  );
  assertEquals(parsed.sections.map(({ codecs }) => codecs.map(({ name }) => name)), [
    ["opus"],
    ["VP8"],
    ["opus"],
    ["VP8"],
    ["VP8"],
    ["opus"],
  ]);
  const [audio, video, hears] = parsed.sections;
  assertEquals([audio!.ssrcs, video!.ssrcs, hears!.ssrcs], [[1_001], [1_011], []]);
  assertEquals([...video!.rtxSsrcs], [[1_011, 1_012]]);
  assertEquals(video!.codecs[0]!.feedback, ["transport-cc", "ccm fir", "nack", "nack pli"]);
  assert(audio!.extensions.has(EXTENSION_URI.audioLevel) && !video!.extensions.has(EXTENSION_URI.audioLevel));
  for (const uri of [EXTENSION_URI.mid, EXTENSION_URI.transportSequence, EXTENSION_URI.absSendTime]) {
    assert(audio!.extensions.has(uri) && video!.extensions.has(uri), uri);
  }
});

Deno.test("writeOffer() with more lines, or a stopped one, continues the one before", () => {
  const before = offer(LINES);
  const changed = LINES.map((one, i) => i === 1 ? { ...one, direction: "inactive" as const } : one);
  const after = offer([...changed, line("6", "audio", "recvonly"), line("7", "video", "recvonly")], 2);
  assertEquals(checkRenegotiation(before, after), undefined);
});

Deno.test("parseAnswer() reads what our own server answers", () => {
  const parsed = answer(answerText(LINES));
  assertEquals([parsed.ufrag, parsed.pwd, parsed.isLite], ["serverUf", "serverpasswordserverpw", true]);
  assertEquals(parsed.candidates.map(({ address, port }) => `${address} ${port}`), ["203.0.113.9 6", "127.0.0.1 5"]);
  assertEquals(parsed.lines.map(({ weSend }) => weSend), [true, true, false, false, false, true]);
  assertEquals(parsed.lines.map(({ weReceive }) => weReceive), [false, false, true, true, false, true]);
  const [, sends, hears, sees] = parsed.lines;
  assertEquals(sends!.codecs, [{ name: "VP8", payloadType: 96, rtxPayloadType: 97, clockRateHz: 90_000 }]);
  assertEquals([hears!.ssrc, hears!.rtxSsrc, sees!.ssrc, sees!.rtxSsrc], [5_002, undefined, 5_003, 6_003]);
  assertEquals(hears!.extensions.get(EXTENSION_URI.mid), 4);
});

Deno.test("parseAnswer() refuses what does not fit the offer", () => {
  const good = answerText(LINES);
  const wrong: readonly [string, RegExp][] = [
    ["", /./],
    ["nonsense", /./],
    [answerText(LINES.slice(0, 3)), /another number of m-lines/],
    [good.replace("a=mid:1\r", "a=mid:9\r"), /another kind or mid/],
    [good.replaceAll("a=setup:passive", "a=setup:active"), /setup:passive/],
    [good.replaceAll(/a=fingerprint.*\r\n/g, ""), /fingerprint/],
    [good.replaceAll(/a=ice-pwd:.*\r\n/g, "a=ice-pwd:short\r\n"), /ice-pwd/],
    [good.replaceAll(/^m=(\w+) 9/gm, "m=$1 0"), /rejects every m-line/],
  ];
  for (const [text, reason] of wrong) {
    const parsed = parseAnswer(text, LINES);
    assert("reason" in parsed, `accepted:\n${text}`);
    assert(reason.test(parsed.message), parsed.message);
  }
});

Deno.test("parseAnswer() looks up no names and tries no TCP", () => {
  const good = answerText(LINES);
  const first = /a=candidate:.*\r\n/.exec(good)![0];
  for (const bad of ["tcp 1 203.0.113.1 9", "udp 1 host.local 9", "udp 1 203.0.113.1 0"]) {
    const text = good.replaceAll(/a=candidate:.*\r\n/g, "").replace(
      "a=ice-ufrag",
      `a=candidate:1 1 ${bad} typ host\r\n${first}a=ice-ufrag`,
    );
    assertEquals(answer(text).candidates.map(({ address }) => address), ["203.0.113.9"]);
  }
});

Deno.test("parseAnswer() uses no extension id or payload that we did not offer", () => {
  const text = answerText(LINES).replaceAll(/a=extmap:4 /g, "a=extmap:9 ").replaceAll("a=rtpmap:111 ", "a=rtpmap:112 ");
  const parsed = answer(text);
  assertEquals(parsed.lines[0]!.extensions.has(EXTENSION_URI.mid), false);
  assertEquals([parsed.lines[0]!.weSend, parsed.lines[1]!.weSend], [false, true]);
});
