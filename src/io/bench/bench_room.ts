import { seededRandom } from "../../base/random.ts";
import { silentLogger } from "../../base/log.ts";
import { PacketPool, type PooledPacket } from "../../base/packet_pool.ts";
import type { Millis } from "../../base/time.ts";
import type { MediaKind } from "../../room/track_source.ts";
import { hostCandidates } from "../../sdp/candidate.ts";
import type { TrackMapMessage } from "../../signaling/messages.ts";
import { DatagramBatch } from "../../sfu/outbox.ts";
import type { SfuOutput } from "../../sfu/outputs.ts";
import { Sfu } from "../../sfu/sfu.ts";
import type { CipherProvider } from "../../transport/cipher_provider.ts";
import { HmacSha1 } from "../../transport/sha1.ts";
import { STUN_BINDING, StunAttribute, StunClass } from "../../transport/stun_message.ts";
import { StunWriter } from "../../transport/stun_writer.ts";
import { benchKeys } from "./bench_media.ts";
import { BENCH_FINGERPRINT, BENCH_UFRAG, benchOffer } from "./bench_offer.ts";

/** Who is in how many rooms, and who of them sends. */
export interface RoomPlan {
  /** Rooms, all alike. */
  readonly rooms: number;
  /** Members of each room. */
  readonly members: number;
  /** How many of them publish, the first ones; everybody receives from all of them. */
  readonly publishers: number;
}

/** Where a participant is reached. */
export interface BenchAddress {
  readonly address: string;
  readonly port: number;
}

/** What a bench room is made with. */
export interface BenchRoomOptions extends RoomPlan {
  readonly ciphers: CipherProvider;
  /** Where participant `index` is; they are numbered room by room. */
  readonly addressOf: (index: number) => BenchAddress;
  readonly now: Millis;
  /** Participants whose outgoing SSRCs will be asked for. */
  readonly watched?: readonly number[];
}

/**
 * A core whose members are all connected, without any of them being there.
 *
 * ICE checks are made up and the keys of DTLS are handed over as if a handshake had ended, so that a thousand are
 * connected within a second or two.
 */
export class BenchRoom {
  /** The core. */
  readonly sfu: Sfu;
  /** Its packet buffers. */
  readonly pool = new PacketPool();
  readonly #options: BenchRoomOptions;
  readonly #batch = new DatagramBatch();
  readonly #answers = new Map<number, string>();
  readonly #maps = new Map<number, TrackMapMessage>();

  constructor(options: BenchRoomOptions) {
    this.#options = options;
    this.sfu = new Sfu({
      random: seededRandom(1),
      ciphers: options.ciphers,
      pool: this.pool,
      fingerprint: BENCH_FINGERPRINT,
      candidates: () => hostCandidates([{ address: "192.0.2.2", port: 10_000 }]),
      // Everybody gets everything: it is the forwarding that is measured.
      limits: {
        maxRoomMembers: options.members,
        maxRooms: options.rooms,
        maxChatHistory: 10,
        audioSlots: 0,
        lastN: 0,
      },
      unixOriginMs: 0,
      e2ee: { required: false, joinTimeoutMs: 0 },
      logger: silentLogger,
    });
    for (let index = 0; index < options.rooms * options.members; index++) this.#connect(index);
    this.discard();
  }

  /** Everybody who publishes. */
  get publishers(): number[] {
    const { rooms, members, publishers } = this.#options;
    return Array.from({ length: rooms * publishers }, (_, i) => Math.floor(i / publishers) * members + i % publishers);
  }

  /** How many copies each published packet has. */
  get fanOut(): number {
    return this.#options.members - 1;
  }

  /** Where participant `index` is. */
  addressOf(index: number): BenchAddress {
    return this.#options.addressOf(index);
  }

  /** Feeds a packet as if it had just come from participant `index`. */
  publish(packet: PooledPacket, index: number, now: Millis): void {
    const { address, port } = this.addressOf(index);
    this.sfu.handleDatagram(packet, 0, address, port, now);
  }

  /** Throws away what came out; returns how many datagrams. */
  discard(): number {
    for (let output = this.sfu.pollOutput(); output !== undefined; output = this.sfu.pollOutput()) {
      this.#look(output);
    }
    const batch = this.#batch;
    this.sfu.drainDatagrams(batch);
    const count = batch.length;
    for (let i = 0; i < count; i++) {
      batch.packets[i]!.release();
      batch.packets[i] = batch.paths[i] = undefined;
    }
    batch.length = 0;
    return count;
  }

  /** The SSRC on which a watched participant gets what `publisher` sends. */
  outgoingSsrc(receiver: number, publisher: number, media: MediaKind): number | undefined {
    const source = media === "video" ? "camera" : "microphone";
    const line = this.#maps.get(receiver)?.tracks.find((track) =>
      track.participant === participantId(publisher) && track.source === source
    );
    const section = (this.#answers.get(receiver) ?? "").split("m=").find((text) =>
      text.includes(`a=mid:${line?.mid}\r\n`)
    );
    const ssrc = /a=ssrc:(\d+)/.exec(section ?? "")?.[1];
    return ssrc === undefined ? undefined : Number(ssrc);
  }

  /** Remembers what the watched ones are told. */
  #look(output: SfuOutput): void {
    if (output.kind !== "message" || output.message.type !== "track_map") return;
    if (this.#options.watched?.includes(output.to - 1)) this.#maps.set(output.to - 1, output.message);
  }

  #connect(index: number): void {
    const { members, publishers, now, watched } = this.#options;
    const connection = index + 1;
    const publishes = index % members < publishers;
    const participant = participantId(index);
    const room_id = `bench-${Math.floor(index / members)}`;
    const grant = { permissions: ["publish"], ownsParticipant: false } as const;
    this.sfu.handleJoin(connection, { type: "join", participant, room_id, capabilities: ["track_map"] }, grant, now);
    const sdp = benchOffer(index, publishes, publishes ? publishers - 1 : publishers);
    const tracks = [{ mid: "0", source: "microphone" as const }, { mid: "1", source: "camera" as const }];
    const offer = { type: "offer", from: participant, room_id, sdp, tracks: publishes ? tracks : [] } as const;
    this.sfu.handleMessage(connection, { ...offer, tracks: [...offer.tracks] }, now);
    let answer = "";
    let peer = -1;
    for (let output = this.sfu.pollOutput(); output !== undefined; output = this.sfu.pollOutput()) {
      if (output.kind === "dtls_open") peer = output.peer;
      else if (output.kind === "message" && output.message.type === "answer") answer = output.message.sdp;
      else this.#look(output);
    }
    if (watched?.includes(index)) this.#answers.set(index, answer);
    this.#prove(index, answer);
    const keys = { localKeys: benchKeys(index, "server"), remoteKeys: benchKeys(index, "client") };
    this.sfu.handleDtls({
      kind: "dtls_connected",
      peer,
      profile: "AEAD_AES_128_GCM",
      ...keys,
      remoteCertificate: new Uint8Array(),
      remoteFingerprints: [{ algorithm: "sha-256", value: BENCH_FINGERPRINT }],
    }, now);
    this.discard();
  }

  /** The nominating connectivity check. */
  #prove(index: number, answer: string): void {
    const [ufrag, pwd] = ["ufrag", "pwd"].map((name) => new RegExp(`a=ice-${name}:(\\S+)`).exec(answer)?.[1] ?? "");
    const check = this.pool.acquire();
    const encoder = new TextEncoder();
    const writer = new StunWriter(check.bytes, StunClass.request, STUN_BINDING, new Uint8Array(12), 0);
    writer.attribute(StunAttribute.username, encoder.encode(`${ufrag}:${BENCH_UFRAG}`));
    writer.attribute(StunAttribute.iceControlling, new Uint8Array(8));
    writer.attribute(StunAttribute.useCandidate, new Uint8Array(0));
    writer.attribute(StunAttribute.priority, Uint8Array.of(0x6e, 0, 1, 0xff));
    writer.integrity(new HmacSha1(encoder.encode(pwd)));
    writer.fingerprint();
    check.length = writer.length;
    this.publish(check, index, this.#options.now);
  }
}

function participantId(index: number): string {
  return `00000000-0000-4000-8000-${index.toString(16).padStart(12, "0")}`;
}
