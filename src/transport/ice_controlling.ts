import { writeU32 } from "../base/bytes.ts";
import type { PooledPacket } from "../base/packet_pool.ts";
import { randomIceString, type RandomSource, randomU32 } from "../base/random.ts";
import { type Millis, NEVER } from "../base/time.ts";
import { parseIpAddress } from "../base/parse_ip.ts";
import { Path } from "./path.ts";
import { refuseCheck } from "./refuse_check.ts";
import { HmacSha1 } from "./sha1.ts";
import { STUN_BINDING, StunAttribute, StunClass, StunView } from "./stun_message.ts";
import { StunWriter } from "./stun_writer.ts";

/** 24 and 128 bits at least (RFC 8445 section 5.3). */
const UFRAG_LENGTH = 8;
const PWD_LENGTH = 24;

/** Ta: between two first checks (RFC 8445 section 14.2). */
const PACE_MS: Millis = 50;

/** A check without an answer is sent again after this time, then after twice as long, and so on up to the longest. */
const FIRST_RETRY_MS: Millis = 250;
const LONGEST_RETRY_MS: Millis = 2_000;

/** Checks per pair, some nine seconds; a path that answers none of them does not exist. */
const MAX_CHECKS = 7;

/** How often consent is asked for, and how much of it is chance (RFC 7675 section 5.1). */
const CONSENT_INTERVAL_MS: Millis = 5_000;
const CONSENT_JITTER = 0.2;

/** How long it lasts (RFC 7675 section 5.1); nothing may be sent after that. */
const CONSENT_TIMEOUT_MS: Millis = 30_000;

/** Candidates of the server that are tried; a server has one per address. */
const MAX_PAIRS = 32;

/** Checks whose answers are waited for; beyond it the oldest is forgotten. */
const MAX_TRANSACTIONS = 64;

/** PRIORITY of a peer-reflexive candidate of ours (RFC 8445 section 5.1.2): what the server would give it. */
const PRIORITY = 110 * 2 ** 24 + 65_535 * 2 ** 8 + 255;

const TRANSACTION_LENGTH = 12;

/** Where a controlling agent is in its life; `failed` has a word in `error`. */
export type IceState = "new" | "checking" | "connected" | "failed";

/**
 * What became of a STUN message: `answered` and `selected` are answers to checks of ours, `checked` is a good check of the
 * other side's, `refused` an error, theirs or ours; the rest changed nothing.
 */
export type IceOutcome =
  | "malformed"
  | "ignored"
  | "unauthenticated"
  | "refused"
  | "answered"
  | "selected"
  | "checked";

/** The other side's credentials, from its description. */
export interface IceRemote {
  readonly ufrag: string;
  readonly pwd: string;
}

interface Pair {
  readonly path: Path;
  checks: number;
  /** When to check it again; NEVER once it has answered or is given up. */
  nextAt: Millis;
}

interface Transaction {
  readonly id: Uint8Array<ArrayBuffer>;
  readonly pair: Pair;
  readonly nominates: boolean;
}

const encoder = new TextEncoder();

/**
 * The ICE agent of the side that offers (RFC 8445): it checks the other side's candidates and nominates the first path
 * that answers, then keeps asking for consent (RFC 7675).
 *
 * A lite server only answers. A full agent checks too, and uses no path on which it has not been answered itself, so its
 * checks get their answers; where one comes from is a path that is checked as well. Whoever owns this calls `pollCheck`
 * until it has nothing more to send, and again when `nextTimeout` has come.
 */
export class IceControlling {
  readonly #random: RandomSource;
  readonly #tieBreaker = new Uint8Array(8);
  readonly #view = new StunView();
  #ufrag: string;
  #pwd: string;
  #username: Uint8Array = new Uint8Array(0);
  #remoteMac: HmacSha1 | undefined;
  /** USERNAME and key of the other side's checks. */
  #ownUsername: Uint8Array = new Uint8Array(0);
  #ownMac: HmacSha1 | undefined;
  #remote: IceRemote | undefined;
  #pairs: Pair[] = [];
  #transactions: Transaction[] = [];
  #nominee: Pair | undefined;
  #selected: Pair | undefined;
  #paceAt: Millis = 0;
  #consentAt: Millis = NEVER;
  #consentUntil: Millis = NEVER;
  #state: IceState = "new";
  #error: string | undefined;

  /** Makes credentials; nothing is checked before `start`. */
  constructor(random: RandomSource) {
    this.#random = random;
    random.fill(this.#tieBreaker);
    this.#ufrag = randomIceString(random, UFRAG_LENGTH);
    this.#pwd = randomIceString(random, PWD_LENGTH);
  }

  /** Our ufrag, for the offer. */
  get localUfrag(): string {
    return this.#ufrag;
  }

  /** Our password, for the offer. */
  get localPwd(): string {
    return this.#pwd;
  }

  /** Where it is in its life. */
  get state(): IceState {
    return this.#state;
  }

  /** Why it failed: `no_candidates`, `no_path`, `consent_lost` or `role_conflict`. */
  get error(): string | undefined {
    return this.#error;
  }

  /** The path that was nominated; `undefined` before. */
  get path(): Path | undefined {
    return this.#selected?.path;
  }

  /** Makes new credentials; the next `start` with other ones of the server begins anew, the old path serves until then. */
  restart(): void {
    this.#ufrag = randomIceString(this.#random, UFRAG_LENGTH);
    this.#pwd = randomIceString(this.#random, PWD_LENGTH);
  }

  /**
   * Begins to check paths to the server, best first; does nothing when the server's credentials are those of the last time.
   *
   * @param paths One for each candidate; those beyond 32 are left out.
   */
  start(remote: IceRemote, paths: readonly Path[], now: Millis): void {
    if (this.#remote !== undefined && this.#remote.ufrag === remote.ufrag && this.#remote.pwd === remote.pwd) return;
    this.#remote = remote;
    this.#remoteMac = new HmacSha1(encoder.encode(remote.pwd));
    this.#username = encoder.encode(`${remote.ufrag}:${this.#ufrag}`);
    this.#ownMac = new HmacSha1(encoder.encode(this.#pwd));
    this.#ownUsername = encoder.encode(`${this.#ufrag}:${remote.ufrag}`);
    this.#pairs = paths.slice(0, MAX_PAIRS).map((path) => ({ path, checks: 0, nextAt: now }));
    this.#transactions = [];
    this.#nominee = undefined;
    this.#consentAt = NEVER;
    this.#paceAt = now;
    this.#state = "checking";
    this.#error = undefined;
    if (this.#pairs.length === 0) this.#fail("no_candidates");
  }

  /** Checks one more path, for a candidate that came later; `false` when none is being looked for, or it is known. */
  addPath(path: Path, now: Millis): boolean {
    if (this.#state !== "checking" || this.#nominee !== undefined || this.#pairs.length >= MAX_PAIRS) return false;
    const isKnown = this.#pairs.some((pair) =>
      pair.path.socket === path.socket && pair.path.port === path.port &&
      isSameAddress(pair.path.address, path.address)
    );
    if (isKnown) return false;
    this.#pairs.push({ path, checks: 0, nextAt: now });
    this.#paceAt = Math.min(this.#paceAt, now);
    return true;
  }

  /**
   * Takes a STUN message that came from an address.
   *
   * An answer counts only with the right integrity, to a check of ours, and from where that check went. When
   * `reply.length` is above 0 afterwards, it was a check of the other side's, and the reply goes back to where that came from.
   */
  handle(
    bytes: Uint8Array,
    length: number,
    socket: number,
    address: string,
    port: number,
    now: Millis,
    reply: PooledPacket,
  ): IceOutcome {
    reply.length = 0;
    const view = this.#view;
    if (!view.parse(bytes, length) || !view.fingerprintIsRight()) return "malformed";
    if (view.messageClass === StunClass.request) return this.#answer(new Path(socket, address, port), now, reply);
    if (view.messageClass !== StunClass.success && view.messageClass !== StunClass.error) return "ignored";
    const at = this.#transactions.findIndex(({ id }) => isTransaction(id, bytes));
    const transaction = this.#transactions[at];
    if (transaction === undefined || this.#remoteMac === undefined) return "ignored";
    const { path } = transaction.pair;
    if (path.socket !== socket || path.port !== port || !isSameAddress(path.address, address)) return "ignored";
    if (!view.integrityIsRight(this.#remoteMac)) return "unauthenticated";
    this.#transactions.splice(at, 1);
    return view.messageClass === StunClass.error
      ? this.#handleRefusal(transaction, view.errorCode)
      : this.#handleAnswer(transaction, now);
  }

  /** Writes the next check that is due into `packet` and answers where it goes; `undefined` when none is due. */
  pollCheck(now: Millis, packet: PooledPacket): Path | undefined {
    if (now >= this.#consentUntil) this.#fail("consent_lost");
    if (this.#state === "connected") {
      if (now < this.#consentAt) return undefined;
      this.#consentAt = now + this.#consentInterval();
      return this.#write(this.#selected!, false, packet);
    }
    if (this.#state !== "checking") return undefined;
    const pair = this.#duePair(now);
    if (pair === undefined) return undefined;
    pair.nextAt = now + Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** pair.checks++);
    this.#paceAt = now + PACE_MS;
    return this.#write(pair, pair === this.#nominee, packet);
  }

  /** When `pollCheck` will have something to do. */
  nextTimeout(): Millis {
    if (this.#state === "connected") return Math.min(this.#consentAt, this.#consentUntil);
    if (this.#state !== "checking") return NEVER;
    const pairs = this.#nominee === undefined ? this.#pairs : [this.#nominee];
    const next = Math.min(...pairs.map(({ nextAt }) => nextAt));
    return Math.min(Math.max(next, this.#paceAt), this.#consentUntil);
  }

  #duePair(now: Millis): Pair | undefined {
    for (const pair of this.#pairs) {
      if (pair.nextAt <= now && pair.checks >= MAX_CHECKS) {
        pair.nextAt = NEVER;
        // The path that answered once is gone again: the others get their turn.
        if (pair === this.#nominee) this.#nominee = undefined;
      }
    }
    if (this.#pairs.every(({ nextAt }) => nextAt === NEVER)) {
      this.#fail("no_path");
      return undefined;
    }
    if (now < this.#paceAt) return undefined;
    const candidates = this.#nominee === undefined ? this.#pairs : [this.#nominee];
    return candidates.find(({ nextAt }) => nextAt <= now);
  }

  #handleAnswer(transaction: Transaction, now: Millis): IceOutcome {
    const { pair, nominates } = transaction;
    if (this.#state === "connected") {
      if (pair === this.#selected) this.#consentUntil = now + CONSENT_TIMEOUT_MS;
      return "answered";
    }
    if (this.#state !== "checking") return "ignored";
    if (!nominates) {
      if (this.#nominee !== undefined) return "answered";
      this.#nominee = pair;
      pair.checks = 0;
      pair.nextAt = now;
      this.#paceAt = now;
      return "answered";
    }
    this.#selected = pair;
    this.#state = "connected";
    this.#consentUntil = now + CONSENT_TIMEOUT_MS;
    this.#consentAt = now + this.#consentInterval();
    return "selected";
  }

  /** Answers a check of the other side's. */
  #answer(from: Path, now: Millis, reply: PooledPacket): IceOutcome {
    const view = this.#view;
    const mac = this.#ownMac;
    const address = parseIpAddress(from.address);
    if (view.method !== STUN_BINDING || mac === undefined || address === undefined) return "ignored";
    if (!view.usernameIs(this.#ownUsername) || !view.integrityIsRight(mac)) return "unauthenticated";
    if (view.unknown.length > 0) return refuseCheck(view, mac, 420, "Unknown Attribute", reply);
    // The side that offers controls; the other one has to give in (RFC 8445 section 7.3.1.1).
    if (view.controlling) return refuseCheck(view, mac, 487, "Role Conflict", reply);
    const writer = new StunWriter(reply.bytes, StunClass.success, STUN_BINDING, view.bytes);
    reply.length = writer.xorMappedAddress(address, from.port).integrity(mac).fingerprint().length;
    this.addPath(from, now);
    return "checked";
  }

  #handleRefusal(transaction: Transaction, code: number): IceOutcome {
    if (this.#state !== "checking") return "refused";
    // 487: the other side controls too. A lite one never does, so there is nothing to switch to.
    if (code === 487) this.#fail("role_conflict");
    transaction.pair.nextAt = NEVER;
    if (transaction.pair === this.#nominee) this.#nominee = undefined;
    return "refused";
  }

  #write(pair: Pair, nominates: boolean, packet: PooledPacket): Path {
    const id = new Uint8Array(TRANSACTION_LENGTH);
    this.#random.fill(id);
    this.#transactions.push({ id, pair, nominates });
    if (this.#transactions.length > MAX_TRANSACTIONS) this.#transactions.shift();
    const priority = new Uint8Array(4);
    writeU32(priority, 0, PRIORITY);
    const writer = new StunWriter(packet.bytes, StunClass.request, STUN_BINDING, id, 0)
      .attribute(StunAttribute.username, this.#username)
      .attribute(StunAttribute.iceControlling, this.#tieBreaker)
      .attribute(StunAttribute.priority, priority);
    if (nominates) writer.attribute(StunAttribute.useCandidate, new Uint8Array(0));
    packet.length = writer.integrity(this.#remoteMac!).fingerprint().length;
    return pair.path;
  }

  #consentInterval(): Millis {
    const share = randomU32(this.#random) / 0x100000000;
    return CONSENT_INTERVAL_MS * (1 - CONSENT_JITTER + 2 * CONSENT_JITTER * share);
  }

  #fail(error: string): void {
    this.#state = "failed";
    this.#error = error;
    this.#selected = undefined;
    this.#consentUntil = NEVER;
    this.#transactions = [];
  }
}

/** Whether a message has this transaction id. */
function isTransaction(id: Uint8Array, bytes: Uint8Array): boolean {
  for (let i = 0; i < TRANSACTION_LENGTH; i++) if (bytes[8 + i] !== id[i]) return false;
  return true;
}

/** Sockets may write an IPv6 address in another way than the candidate did. */
function isSameAddress(a: string, b: string): boolean {
  if (a === b) return true;
  const [left, right] = [parseIpAddress(a), parseIpAddress(b)];
  return left !== undefined && right !== undefined && left.length === right.length &&
    left.every((byte, i) => byte === right[i]);
}
