import { type Capabilities, CODEC_RULES, type CodecRule, FEEDBACK, parseParameters } from "./capabilities.ts";
import type { SdpCodec } from "./media_section.ts";
import type { DescribedMedia, DescribedPayload } from "./session_description.ts";

/** Longest `a=fmtp` of a payload we take, since the answer repeats some; real ones have 100 characters. */
const MAX_FMTP_LENGTH = 512;

/**
 * Picks the codecs that both sides have, in the offerer's order and with its numbers: the first is what it will send.
 *
 * Each codec brings the retransmission payload whose `apt` names it (RFC 4588 section 8.1). Of payloads that mean
 * the same to us (H.264 comes in six variants) one is kept, and RED (RFC 2198) only with the chosen Opus in all blocks.
 */
export function selectCodecs(media: DescribedMedia, kind: "audio" | "video", capabilities: Capabilities): SdpCodec[] {
  const codecs: SdpCodec[] = [];
  for (const name of new Set(capabilities.codecs)) {
    const rule = CODEC_RULES[name];
    if (rule.kind !== kind) continue;
    const offered = media.payloads.filter((payload) => matches(payload, name, rule));
    for (const variant of rule.variants) {
      const payload = pickPayload(offered, variant);
      if (payload === undefined) continue;
      const rtx = retransmissionOf(payload, media.payloads);
      codecs.push({
        name,
        payloadType: payload.payloadType,
        ...(rtx === undefined ? {} : { rtxPayloadType: rtx }),
        clockRateHz: rule.clockRateHz,
        ...(rule.channels === undefined ? {} : { channels: rule.channels }),
        fmtp: rule.answer(parseParameters(payload.fmtp)),
        feedback: FEEDBACK[kind].filter((entry) => payload.feedback.includes(entry)),
      });
    }
  }
  const placeOf = ({ payloadType }: SdpCodec) => media.formats.indexOf(String(payloadType));
  return withoutOddRed(codecs).sort((a, b) => placeOf(a) - placeOf(b));
}

function withoutOddRed(codecs: readonly SdpCodec[]): SdpCodec[] {
  const opus = codecs.find(({ name }) => name === "opus");
  const kept: SdpCodec[] = [];
  for (const codec of codecs) {
    if (codec.name !== "red") kept.push(codec);
    else if (opus !== undefined && codec.fmtp.split("/").every((type) => type === String(opus.payloadType))) {
      kept.push({ ...codec, encloses: opus.payloadType });
    }
  }
  return kept;
}

function matches(payload: DescribedPayload, name: string, rule: CodecRule): boolean {
  return payload.name.toLowerCase() === name.toLowerCase() && payload.clockRateHz === rule.clockRateHz &&
    (payload.channels ?? 1) === (rule.channels ?? 1) && payload.fmtp.length <= MAX_FMTP_LENGTH;
}

function pickPayload(offered: readonly DescribedPayload[], variant: CodecRule["variants"][number]) {
  for (const test of variant) {
    const found = offered.find((payload) => test(parseParameters(payload.fmtp)));
    if (found !== undefined) return found;
  }
  return undefined;
}

function retransmissionOf(payload: DescribedPayload, payloads: readonly DescribedPayload[]): number | undefined {
  return payloads.find((candidate) =>
    candidate.name.toLowerCase() === "rtx" && candidate.clockRateHz === payload.clockRateHz &&
    parseParameters(candidate.fmtp).get("apt") === String(payload.payloadType)
  )?.payloadType;
}
