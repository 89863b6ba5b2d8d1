import type { PeerId } from "../base/ids.ts";
import type { PooledPacket } from "../base/packet_pool.ts";
import { randomIceString, type RandomSource } from "../base/random.ts";
import type { Millis } from "../base/time.ts";
import { parseIpAddress } from "../base/parse_ip.ts";
import type { Path } from "./path.ts";
import { refuseCheck } from "./refuse_check.ts";
import { HmacSha1 } from "./sha1.ts";
import { STUN_BINDING, StunClass, StunView } from "./stun_message.ts";
import { StunWriter } from "./stun_writer.ts";

/** 48 bits: RFC 8445 asks for 24, but ours is also the key of a table that holds every peer. */
const UFRAG_LENGTH = 8;

/** 144 bits; RFC 8445 section 5.3 asks for 128. */
const PWD_LENGTH = 24;

/**
 * After so long without a check the selected path counts as left, and any other one with checks takes over. Clients
 * repeat checks every 2.5 s (Chromium) to 6 s (RFC 7675 section 5.1), so a single lost one moves nothing.
 */
export const SELECTED_QUIET: Millis = 8_000;

/**
 * A path on which another peer had a check so recently stays with that peer. A participant could otherwise take
 * another one's media away with checks of its own that carry a forged source address.
 */
export const PATH_HELD: Millis = 15_000;

/**
 * What became of a STUN message.
 *
 * `malformed` and `unauthenticated` are dropped without an answer and without a trace; `ignored` needs no
 * answer (indications and the like); `refused` was authentic and is answered with an error; `checked` is a good
 * check; `selected` is one that moved the selected path.
 */
export type StunOutcome = "malformed" | "unauthenticated" | "ignored" | "refused" | "checked" | "selected";

interface Credentials {
  readonly ufrag: string;
  readonly pwd: string;
  /** Keyed with `pwd`. */
  readonly mac: HmacSha1;
  /** USERNAME of the checks that the client sends with these; `undefined` until its half is known. */
  username: Uint8Array | undefined;
}

const encoder = new TextEncoder();

/**
 * The ICE agent of one peer: lite (RFC 8445 section 2.5), so it only answers the client's checks.
 *
 * The client controls: the path it nominates last is the selected one, so a client that moves to another
 * network keeps its call.
 */
export class IceLite {
  readonly #id: PeerId;
  readonly #random: RandomSource;
  readonly #view = new StunView();
  #current: Credentials;
  /** The ones before an ICE restart, until a check with the new ones arrives. */
  #previous: Credentials | undefined = undefined;
  #currentUsed = false;
  #remote: { readonly ufrag: string; readonly pwd: string } | undefined = undefined;
  #nominated = false;
  /** The selected path: nominated by the client, or the first one with a check as long as none is. */
  path: Path | undefined = undefined;
  /** When the last authentic check came, on whichever path. */
  lastCheckAt: Millis = -Infinity;

  /** Makes credentials; no check is answered before `setRemote`. */
  constructor(id: PeerId, random: RandomSource) {
    this.#id = id;
    this.#random = random;
    this.#current = this.#newCredentials();
  }

  /** Our user name fragment, for the answer. */
  get localUfrag(): string {
    return this.#current.ufrag;
  }

  /** Our password, for the answer. */
  get localPwd(): string {
    return this.#current.pwd;
  }

  /** Whether checks for this ufrag of ours are still answered. */
  acceptsUfrag(ufrag: string): boolean {
    return ufrag === this.#current.ufrag || ufrag === this.#previous?.ufrag;
  }

  /**
   * Takes the client's credentials from an offer.
   *
   * @returns true when they differ from the ones before: an ICE restart, with new credentials of ours
   * (RFC 8445 section 9). The selected path stays in use until the client nominates another.
   */
  setRemote(ufrag: string, pwd: string): boolean {
    const before = this.#remote;
    if (before !== undefined && before.ufrag === ufrag && before.pwd === pwd) return false;
    this.#remote = { ufrag, pwd };
    if (before !== undefined) {
      if (this.#currentUsed) this.#previous = this.#current;
      this.#current = this.#newCredentials();
      this.#currentUsed = false;
    }
    this.#current.username = encoder.encode(`${this.#current.ufrag}:${ufrag}`);
    return before !== undefined;
  }

  /** Takes a STUN message; when `reply.length` is above 0 afterwards, the reply goes back to `from`. */
  handle(bytes: Uint8Array, length: number, from: Path, now: Millis, reply: PooledPacket): StunOutcome {
    reply.length = 0;
    const view = this.#view;
    if (!view.parse(bytes, length) || !view.fingerprintIsRight()) return "malformed";
    if (view.messageClass !== StunClass.request) return "ignored";
    const credentials = this.#authenticate(view);
    if (credentials === undefined) return "unauthenticated";
    if (view.method !== STUN_BINDING || this.#isHeld(from, now)) return "ignored";
    const address = parseIpAddress(from.address);
    if (address === undefined) return "ignored";
    if (view.unknown.length > 0) return refuseCheck(view, credentials.mac, 420, "Unknown Attribute", reply);
    if (view.controlled) return refuseCheck(view, credentials.mac, 487, "Role Conflict", reply);

    const writer = new StunWriter(reply.bytes, StunClass.success, STUN_BINDING, bytes);
    writer.xorMappedAddress(address, from.port).integrity(credentials.mac).fingerprint();
    reply.length = writer.length;
    if (credentials === this.#current) {
      this.#currentUsed = true;
      this.#previous = undefined;
    }
    from.checkedAt = now;
    this.lastCheckAt = now;
    return this.#select(from, view.useCandidate, now) ? "selected" : "checked";
  }

  #authenticate(view: StunView): Credentials | undefined {
    for (const candidate of [this.#current, this.#previous]) {
      if (candidate?.username === undefined || !view.usernameIs(candidate.username)) continue;
      if (view.integrityIsRight(candidate.mac)) return candidate;
    }
    return undefined;
  }

  #isHeld(from: Path, now: Millis): boolean {
    return from.peer !== undefined && from.peer !== this.#id && now - from.checkedAt < PATH_HELD;
  }

  #select(from: Path, nominated: boolean, now: Millis): boolean {
    const selected = this.path;
    if (selected === from) {
      if (nominated) this.#nominated = true;
      return false;
    }
    if (selected !== undefined && !nominated && now - selected.checkedAt < SELECTED_QUIET) return false;
    this.path = from;
    this.#nominated = nominated;
    return true;
  }

  /** Whether the client nominated the selected path. */
  get nominated(): boolean {
    return this.#nominated;
  }

  #newCredentials(): Credentials {
    const pwd = randomIceString(this.#random, PWD_LENGTH);
    return {
      ufrag: randomIceString(this.#random, UFRAG_LENGTH),
      pwd,
      mac: new HmacSha1(encoder.encode(pwd)),
      username: undefined,
    };
  }
}
