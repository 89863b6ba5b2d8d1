/** Random operations on everything that keeps state about a stream: nothing grows, and what must hold holds. */

import { assert, assertEquals } from "@std/assert";
import { RateWindow } from "../../src/base/rate_window.ts";
import { distance16 } from "../../src/base/sequence.ts";
import { NEVER } from "../../src/base/time.ts";
import { TwccRecorder } from "../../src/bandwidth/twcc_recorder.ts";
import { ActiveSpeaker } from "../../src/room/active_speaker.ts";
import { type RtcpPacket, writeRtcp } from "../../src/rtp/rtcp.ts";
import { Vp8Descriptor } from "../../src/rtp/vp8_descriptor.ts";
import { KEYFRAME_INTERVAL_MS, KeyframeRequester } from "../../src/stream/keyframe_requester.ts";
import { NackGenerator } from "../../src/stream/nack_generator.ts";
import { Arrival, ReceiveStats } from "../../src/stream/receive_stats.ts";
import { RtpRewriter } from "../../src/stream/rtp_rewriter.ts";
import { SendStats } from "../../src/stream/send_stats.ts";
import { SequenceMap } from "../../src/stream/sequence_map.ts";
import { below, chance, firstNumber, fuzzOperations, nextNumber, OPERATIONS, type Rng } from "./harness.ts";

fuzzOperations("SequenceMap", (rng) => {
  const map = new SequenceMap(32);
  const used = new Map<number, { source: number; original: number }>();
  const dropped = new Set<number>();
  let sent = new Map<number, number>();
  let source = 0;
  let newest = firstNumber(rng);
  for (let i = 0; i < OPERATIONS; i++) {
    const original = nextNumber(rng, newest);
    newest = Math.max(newest, original);
    const kind = rng.next();
    if (kind < 0.02) {
      map.switchSource();
      source++;
      sent = new Map();
      dropped.clear();
      newest = firstNumber(rng);
    } else if (kind < 0.3) {
      map.drop(original, chance(rng, 0.5));
      if (!sent.has(original) && sent.size > 0) dropped.add(original);
    } else {
      const out = map.next(original);
      if (out >= 0) {
        assert(!used.has(out), `number ${out} was used twice`);
        assert(!dropped.has(original), `${original} was left out before`);
        assert(!sent.has(original), `${original} was sent before`);
        for (const [otherIn, otherOut] of sent) assertEquals(otherIn < original, otherOut < out);
        used.set(out, { source, original });
        sent.set(original, out);
      }
    }
    checkReverse(map, rng, used, source);
  }
});

function checkReverse(
  map: SequenceMap,
  rng: Rng,
  used: ReadonlyMap<number, { source: number; original: number }>,
  source: number,
): void {
  const asked = (map.newest - below(rng, 40)) & 0xffff;
  const original = map.toOriginal(asked);
  const any = map.toOriginalOfAnySource(asked);
  const known = used.get(map.newest + distance16(map.newest, asked));
  if (any >= 0) assertEquals(any, known?.original);
  if (original >= 0) assertEquals(known, { source, original });
  if (known === undefined) assertEquals([original, any], [-1, -1]);
}

fuzzOperations("RtpRewriter", (rng) => {
  const rewriter = new RtpRewriter({ ssrc: 7, clockRateHz: 90_000, capacity: 32 });
  rewriter.mapPayloadType(96, 97);
  const sent = new Map<number, string>();
  const picture = new Vp8Descriptor();
  const payload = Uint8Array.of(0x90, 0xc0, 0x80, 0, 0, 0);
  const copy = new Uint8Array(payload.length);
  const outcome = () => {
    copy.set(payload);
    rewriter.patchPicture(copy, picture, 0);
    return [rewriter.sequenceNumber, rewriter.timestamp, rewriter.payloadType, rewriter.originalSequence, ...copy]
      .join();
  };
  const payloads = new Map<string, Uint8Array>();
  const describe = (bytes: Uint8Array) => {
    payload.set(bytes);
    assert(picture.parse(payload, 0, payload.length));
  };
  let newest = firstNumber(rng);
  let now = 0;
  for (let i = 0; i < OPERATIONS; i++) {
    now += below(rng, 40);
    const original = nextNumber(rng, newest);
    newest = Math.max(newest, original);
    const kind = rng.next();
    if (kind < 0.03) {
      rewriter.switchSource();
      newest = firstNumber(rng);
    } else if (kind < 0.1) {
      rewriter.drop(original, chance(rng, 0.5));
    } else if (kind < 0.8) {
      const fresh = Uint8Array.of(0x90, 0xc0, 0x80 | (original >> 8), original, original >> 2, 0x10);
      describe(fresh);
      if (rewriter.forward(original, (original * 3_000) >>> 0, chance(rng, 0.9) ? 96 : 50, picture, now)) {
        assertEquals(rewriter.mapTimestamp((original * 3_000) >>> 0), rewriter.timestamp);
        sent.set(rewriter.sequenceNumber, outcome());
        payloads.set(`${rewriter.source} ${original}`, fresh);
      }
    } else if (rewriter.recall((rewriter.sequenceNumber - below(rng, 40)) & 0xffff)) {
      describe(payloads.get(`${rewriter.source} ${rewriter.originalSequence}`)!);
      assertEquals(outcome(), sent.get(rewriter.sequenceNumber));
    }
  }
});

fuzzOperations("NackGenerator", (rng) => {
  const generator = new NackGenerator();
  const received = new Set<number>();
  const asked = new Map<number, number>();
  let newest = firstNumber(rng);
  let now = 0;
  for (let i = 0; i < OPERATIONS; i++) {
    now += below(rng, 12);
    const kind = rng.next();
    if (kind < 0.01) {
      generator.reset();
      received.clear();
      asked.clear();
      newest = firstNumber(rng);
    } else if (kind < 0.02) generator.clearBefore(newest - below(rng, 50));
    else if (kind < 0.03) generator.setRtt(rng.next() * 1_000);
    else {
      const sequence = nextNumber(rng, newest);
      newest = Math.max(newest, sequence);
      received.add(sequence);
      generator.received(sequence, now);
    }
    const expected = generator.nextTimeout() <= now;
    const numbers = generator.due(now);
    if (numbers.length > 0) assert(expected, "nextTimeout() came too late");
    for (const number of numbers) {
      const sequence = newest + distance16(newest, number);
      assert(!received.has(sequence), `${sequence} has arrived`);
      asked.set(sequence, (asked.get(sequence) ?? 0) + 1);
    }
    assert(generator.outstanding <= 256);
    assert(generator.nextTimeout() > now, "due() leaves nothing due");
  }
  for (let wait = 0; wait <= 1_000; wait += 10) generator.due(now + wait);
  assertEquals([generator.outstanding, generator.nextTimeout()], [0, NEVER]);
  if (newest < 0x1ffff) { for (const count of asked.values()) assert(count <= 7); }
});

fuzzOperations("ReceiveStats and SendStats", (rng) => {
  const stats = new ReceiveStats(3, 90_000);
  const sender = new SendStats(3);
  let newest = firstNumber(rng);
  let now = 0;
  for (let i = 0; i < OPERATIONS; i++) {
    now += below(rng, 100);
    const sequence = nextNumber(rng, newest);
    const arrival = stats.update(sequence & 0xffff, Math.floor(rng.next() * 0x100000000), now);
    if (arrival === Arrival.restarted || sequence > newest) newest = sequence;
    if (chance(rng, 0.1)) {
      const report = sender.senderReport({ seconds: below(rng, 0xffffffff), fraction: below(rng, 0xffffffff) }, i, now);
      if (chance(rng, 0.7)) stats.handleSenderReport(report.ntp, report.rtpTimestamp, now + below(rng, 50));
    }
    if (chance(rng, 0.9)) continue;
    const block = stats.reportBlock(now);
    const wire = new Uint8Array(64);
    assert(writeRtcp([{ kind: "rr", ssrc: 1, reports: [block] }], wire) > 0);
    for (const value of Object.values(block)) assert(Number.isInteger(value), `${value}`);
    assert(block.fractionLost >= 0 && block.fractionLost <= 255);
    assert(block.highestSequence >= 0 && block.highestSequence <= 0xffffffff);
    assert(block.delaySinceLastSenderReport >= 0 && stats.intervalLoss >= 0 && stats.intervalLoss <= 1);
    assert(Number.isFinite(stats.jitterMs) && stats.jitterMs >= 0 && stats.jitterMs <= 5_000);
    sender.handleReport({ ...block, delaySinceLastSenderReport: below(rng, 0xffffffff) }, now);
    assert(sender.rttMs === undefined || (sender.rttMs >= 0 && sender.rttMs <= 30_000));
  }
});

fuzzOperations("KeyframeRequester", (rng) => {
  const requester = new KeyframeRequester();
  let now = 0;
  let sentAt = -Infinity;
  let wantedSince: number | undefined;
  for (let i = 0; i < OPERATIONS; i++) {
    // Time goes in steps no longer than to the next deadline, as a driver's does.
    now = Math.min(now + below(rng, 200), Math.max(now, requester.nextTimeout()));
    const kind = rng.next();
    if (kind < 0.4) {
      requester.request(now);
      wantedSince ??= now;
    } else if (kind < 0.5) {
      requester.keyframeReceived(now);
      if (!requester.pending) wantedSince = undefined;
    }
    if (requester.shouldSend(now)) {
      assert(now - sentAt >= KEYFRAME_INTERVAL_MS, "requests too close");
      assert(wantedSince !== undefined, "nobody asked");
      sentAt = now;
    }
    if (!requester.pending) wantedSince = undefined;
    assertEquals(requester.pending, requester.nextTimeout() !== NEVER);
    assert(!requester.pending || requester.nextTimeout() > now, "a request that is due stays behind");
    assert(
      wantedSince === undefined || sentAt >= wantedSince - 1_000 || now - wantedSince <= 1_000,
      "a request is lost",
    );
  }
});

fuzzOperations("TwccRecorder", (rng) => {
  const recorder = new TwccRecorder();
  const wire = new Uint8Array(1_200);
  let newest = firstNumber(rng);
  let now = below(rng, 1_000_000);
  for (let i = 0; i < OPERATIONS; i++) {
    now += chance(rng, 0.01) ? below(rng, 20_000) : rng.next() * 10;
    const sequence = nextNumber(rng, newest);
    newest = chance(rng, 0.02) ? firstNumber(rng) : Math.max(newest, sequence);
    recorder.record(sequence & 0xffff, now);
    if (!chance(rng, 0.05)) continue;
    let packets = 0;
    let last: RtcpPacket | undefined;
    for (let feedback = recorder.feedback(1, 2); feedback !== undefined; feedback = recorder.feedback(1, 2)) {
      assert(feedback.packets.at(-1) !== null, "feedback ends with a packet that arrived");
      assert(writeRtcp([feedback], wire) > 0, "feedback fits a datagram");
      assert(++packets <= 2_048, "feedback ends");
      last = feedback;
    }
    assertEquals(recorder.nextTimeout(), NEVER);
    assert(last !== undefined || i > 0);
  }
});

fuzzOperations("ActiveSpeaker", (rng) => {
  const speaker = new ActiveSpeaker();
  const members = new Set<string>();
  let now = 0;
  for (let i = 0; i < OPERATIONS; i++) {
    now += below(rng, 60);
    const id = String(below(rng, 6));
    const kind = rng.next();
    if (kind < 0.02) {
      speaker.remove(id);
      members.delete(id);
    } else if (kind < 0.06) {
      speaker.add(id);
      members.add(id);
    } else if (kind < 0.08 && members.has(id)) speaker.add(id).mute();
    else speaker.handleLevel(id, below(rng, 256), now);
    const change = speaker.handleTimeout(now);
    if (change !== undefined) {
      assert(members.has(change.speaker));
      assert(Number.isInteger(change.level) && change.level >= 0 && change.level <= 127);
    }
    assert(speaker.speaker === undefined || members.has(speaker.speaker));
    assert(speaker.nextTimeout() > now);
    const event = speaker.pollEvent();
    if (event !== undefined && event.kind !== "speech_started") assert(event.duration >= 0);
  }
  for (let wait = 0; wait < 20_000; wait += 100) speaker.handleTimeout(now + wait);
  assertEquals(speaker.nextTimeout(), NEVER);
});

fuzzOperations("RateWindow", (rng) => {
  const rate = new RateWindow(1_000, 20);
  const added: [number, number][] = [];
  let now = below(rng, 1_000_000);
  for (let i = 0; i < OPERATIONS; i++) {
    now += chance(rng, 0.05) ? below(rng, 3_000) : below(rng, 30);
    const bytes = below(rng, 1_500);
    rate.add(bytes, now);
    added.push([now, bytes]);
    // At least what came in the last 950 ms, at most what came in the last 1,000.
    const within = (ms: number) => added.reduce((sum, [at, n]) => (at > now - ms ? sum + n : sum), 0);
    const bits = rate.bitsPerSecond(now);
    assert(bits >= within(950) * 8 - 1 && bits <= within(1_001) * 8 * 20 + 1, `${bits} bit/s`);
  }
});
