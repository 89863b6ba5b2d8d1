import { writeU32 } from "../../src/base/bytes.ts";
import { HmacSha1 } from "../../src/transport/sha1.ts";
import { STUN_BINDING, StunAttribute, StunClass } from "../../src/transport/stun_message.ts";
import { StunWriter } from "../../src/transport/stun_writer.ts";

/** What a client's connectivity check consists of; leave things out to send a bad one. */
export interface IceCheck {
  /** The server's ufrag and password, from its answer. */
  readonly local: { readonly ufrag: string; readonly pwd: string };
  /** The client's ufrag, from its offer. */
  readonly remoteUfrag: string;
  /** Nominates the pair. */
  readonly useCandidate?: boolean;
  /** `controlling` when left out. */
  readonly role?: "controlling" | "controlled" | "none";
  /** One of `StunClass`; a request when left out. */
  readonly messageClass?: number;
  /** Further attributes, before MESSAGE-INTEGRITY. */
  readonly attributes?: readonly { readonly type: number; readonly value: Uint8Array }[];
  /** False leaves MESSAGE-INTEGRITY out. */
  readonly integrity?: boolean;
  /** False leaves FINGERPRINT out. */
  readonly fingerprint?: boolean;
  /** First bytes of the transaction id. */
  readonly transaction?: number;
}

/** The binding request that a browser would send, as bytes of their own. */
export function iceCheck(check: IceCheck): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(512);
  const transaction = new Uint8Array(12);
  writeU32(transaction, 0, check.transaction ?? 1);
  const writer = new StunWriter(bytes, check.messageClass ?? StunClass.request, STUN_BINDING, transaction, 0);
  const encoder = new TextEncoder();
  writer.attribute(StunAttribute.username, encoder.encode(`${check.local.ufrag}:${check.remoteUfrag}`));
  if (check.role === "controlled") writer.attribute(StunAttribute.iceControlled, new Uint8Array(8));
  else if (check.role !== "none") writer.attribute(StunAttribute.iceControlling, new Uint8Array(8));
  if (check.useCandidate) writer.attribute(StunAttribute.useCandidate, new Uint8Array(0));
  writer.attribute(StunAttribute.priority, Uint8Array.of(0x6e, 0, 1, 0xff));
  for (const { type, value } of check.attributes ?? []) writer.attribute(type, value);
  if (check.integrity !== false) writer.integrity(new HmacSha1(encoder.encode(check.local.pwd)));
  if (check.fingerprint !== false) writer.fingerprint();
  return bytes.slice(0, writer.length);
}
