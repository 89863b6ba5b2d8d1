import type { ParticipantId } from "../base/ids.ts";
import type { Assignment, OwnTrack, SlotAssigner, SlotSection } from "./slots.ts";
import type { SlotMember, SlotMembers } from "./slot_members.ts";

/** Pairs of receiving m-lines the seed's client always creates, however few others are in the room. */
const MIN_POOL_PAIRS = 7;

/**
 * A share is announced at most this often in a row: the client skips the line that the share is on at the moment,
 * so the second announcement passes one unusable line; a third would only go back to the first.
 */
const MAX_ANNOUNCEMENTS = 2;

interface Line {
  readonly mid: string;
  readonly isVideo: boolean;
  hasLocalTrack: boolean;
  usable: boolean;
}

interface Pair {
  audio: Line | undefined;
  video: Line | undefined;
}

/**
 * What the seed's client does with its transceivers, step by step, so that the server sends each track where that
 * client will look for it (its rules are told in docs/protocol.md, "Clients without track_map").
 *
 * The client gives each remote participant a pair of m-lines from a pool, in the order in which it hears of them, and
 * shows a screen share on the first video line that nobody else uses. Nothing on the wire says so.
 */
export class PoolModel implements SlotAssigner {
  /** Every m-line in the order the client created it. */
  #lines: Line[] = [];
  /** Every pair in order of creation; the first ones without lines wait for an offer that has them. */
  #pairs: Pair[] = [];
  #pool: Pair[] = [];
  #known: Map<ParticipantId, Pair> = new Map();
  #screens: Map<ParticipantId, Line> = new Map();
  #members: readonly SlotMember[] = [];
  #announcements: Map<ParticipantId, number> = new Map();
  #ownAudio: Line | undefined;
  #ownVideo: Line | undefined;
  #ownScreen: Line | undefined;
  /** Shares that were announced while the client shared itself. */
  #announcedMeanwhile: Set<ParticipantId> = new Set();
  /** One of them would be on another line if the client had already retired its own screen's line by then. */
  #isDoubtful = false;
  #doubted: readonly ParticipantId[] = [];

  readySent(peers: readonly ParticipantId[]): void {
    this.#lines = [];
    this.#pairs = [];
    this.#pool = [];
    this.#known = new Map();
    this.#screens = new Map();
    this.#members = [];
    this.#announcements = new Map();
    this.#ownAudio = this.#ownVideo = this.#ownScreen = undefined;
    this.#doubted = [];
    this.#forgetDoubts();
    this.pairsRequested(Math.max(MIN_POOL_PAIRS, peers.length));
    for (const peer of peers) this.#add(peer);
  }

  pairsRequested(count: number): void {
    for (let i = 0; i < count; i++) {
      const pair: Pair = { audio: undefined, video: undefined };
      this.#pairs.push(pair);
      this.#pool.push(pair);
    }
  }

  offerApplied(sections: readonly SlotSection[]): readonly OwnTrack[] {
    this.#refresh(sections);
    this.#learn(sections.slice(this.#lines.length));
    return this.#ownTracks(sections);
  }

  membersSent(sent: SlotMembers): void {
    const members = this.#members = [...sent];
    const present = new Set(members.map((member) => member.id));
    for (const [id, pair] of [...this.#known]) {
      if (present.has(id)) continue;
      this.#known.delete(id);
      this.#screens.delete(id);
      this.#announcements.delete(id);
      this.#pool.unshift(pair);
    }
    for (const member of members) {
      if (!this.#known.has(member.id)) this.#add(member.id);
    }
  }

  sharesToReset(): readonly ParticipantId[] {
    const doubted = this.#doubted.filter((id) => this.#known.has(id));
    this.#doubted = [];
    return doubted;
  }

  sharesToAnnounce(): readonly ParticipantId[] {
    const found: ParticipantId[] = [];
    for (const id of this.#sharers()) {
      if (this.#hasLine(id) || this.#firstFree() === undefined) continue;
      if ((this.#announcements.get(id) ?? 0) < MAX_ANNOUNCEMENTS) found.push(id);
    }
    return found;
  }

  shareStarted(from: ParticipantId): void {
    if (!this.#known.has(from)) return;
    const line = this.#firstFree();
    this.#doubt(from, line);
    // The client found none either and did nothing: that announcement does not count.
    if (line === undefined) return;
    this.#announcements.set(from, (this.#announcements.get(from) ?? 0) + 1);
    this.#screens.set(from, line);
    if (line.usable) this.#announcements.delete(from);
  }

  shareStopped(from: ParticipantId): void {
    this.#screens.delete(from);
    this.#announcements.delete(from);
  }

  missing(): number {
    const skipped = this.#members.filter((member) => !this.#known.has(member.id)).length;
    const homeless = this.#sharers().filter((id) => !this.#hasLine(id)).length;
    const waiting = this.#pool.filter((pair) => pair.video === undefined).length;
    return this.#lines.length === 0 ? 0 : Math.max(0, skipped + homeless - waiting);
  }

  assignments(): readonly Assignment[] {
    const found: Assignment[] = [];
    for (const [participant, pair] of this.#known) {
      if (pair.audio?.usable) found.push({ mid: pair.audio.mid, participant, source: "microphone" });
      if (pair.video?.usable) found.push({ mid: pair.video.mid, participant, source: "camera" });
      if (this.#hasLine(participant)) {
        found.push({ mid: this.#screens.get(participant)!.mid, participant, source: "screen" });
      }
    }
    return found;
  }

  #add(id: ParticipantId): void {
    const pair = this.#pool.shift();
    if (pair !== undefined) this.#known.set(id, pair);
  }

  #sharers(): ParticipantId[] {
    return this.#members
      .filter((member) => this.#known.has(member.id) && member.sources.includes("screen"))
      .map((member) => member.id);
  }

  /** A line that can carry the share and that no camera has taken meanwhile. */
  #hasLine(sharer: ParticipantId): boolean {
    const line = this.#screens.get(sharer);
    return line !== undefined && line.usable && !this.#isCameraLine(line);
  }

  #isCameraLine(line: Line): boolean {
    for (const pair of this.#known.values()) {
      if (pair.video === line) return true;
    }
    return false;
  }

  /** The client's choice for a screen: the first video line that is nobody's camera, nobody's screen and not its own. */
  #firstFree(): Line | undefined {
    const screens = new Set(this.#screens.values());
    return this.#lines.find((line) =>
      line.isVideo && !line.hasLocalTrack && !screens.has(line) && !this.#isCameraLine(line)
    );
  }

  /**
   * Remembers an announcement that the client may understand otherwise: as soon as it stops its own share, which we
   * hear of later, that line is one of those it chooses from.
   */
  #doubt(sharer: ParticipantId, chosen: Line | undefined): void {
    const own = this.#ownScreen;
    if (own === undefined) return;
    this.#announcedMeanwhile.add(sharer);
    if (chosen === undefined || this.#lines.indexOf(own) < this.#lines.indexOf(chosen)) this.#isDoubtful = true;
  }

  #forgetDoubts(): void {
    this.#announcedMeanwhile.clear();
    this.#isDoubtful = false;
  }

  #refresh(sections: readonly SlotSection[]): void {
    this.#lines.forEach((line, index) => {
      const section = sections[index];
      line.usable = section?.clientReceives ?? false;
      // A stopped share leaves its line inactive and without a track; it stays a candidate for the client's choice.
      if (line === this.#ownScreen && !(section?.clientSends ?? false)) {
        line.hasLocalTrack = false;
        this.#ownScreen = undefined;
        if (this.#isDoubtful) this.#doubted = [...this.#announcedMeanwhile];
        this.#forgetDoubts();
      }
    });
  }

  #learn(added: readonly SlotSection[]): void {
    for (let index = 0; index < added.length; index++) {
      const line = toLine(added[index]!);
      this.#lines.push(line);
      if (this.#ownAudio === undefined && !line.isVideo) this.#ownAudio = withLocalTrack(line, added[index]!);
      else if (this.#ownVideo === undefined && line.isVideo) this.#ownVideo = withLocalTrack(line, added[index]!);
      else if (!line.isVideo && added[index + 1]?.kind === "video") {
        const video = toLine(added[++index]!);
        this.#lines.push(video);
        this.#fillPair(line, video);
      } else if (line.isVideo && line.usable) {
        line.hasLocalTrack = true;
        this.#ownScreen = line;
      }
    }
  }

  #fillPair(audio: Line, video: Line): void {
    let pair = this.#pairs.find((candidate) => candidate.video === undefined);
    if (pair === undefined) {
      // More pairs than we know a reason for (an early `request_renegotiation` of a former life): the client has them in its pool.
      pair = { audio: undefined, video: undefined };
      this.#pairs.push(pair);
      this.#pool.push(pair);
    }
    pair.audio = audio;
    pair.video = video;
  }

  #ownTracks(sections: readonly SlotSection[]): readonly OwnTrack[] {
    const tracks: OwnTrack[] = [];
    const sends = (line: Line | undefined) =>
      line !== undefined && (sections.find((section) => section.mid === line.mid)?.clientSends ?? false);
    if (sends(this.#ownAudio)) tracks.push({ mid: this.#ownAudio!.mid, source: "microphone" });
    if (sends(this.#ownVideo)) tracks.push({ mid: this.#ownVideo!.mid, source: "camera" });
    if (sends(this.#ownScreen)) tracks.push({ mid: this.#ownScreen!.mid, source: "screen" });
    return tracks;
  }
}

function toLine(section: SlotSection): Line {
  return {
    mid: section.mid,
    isVideo: section.kind === "video",
    hasLocalTrack: false,
    usable: section.clientReceives,
  };
}

function withLocalTrack(line: Line, section: SlotSection): Line {
  line.hasLocalTrack = section.msidStream !== undefined && section.msidStream !== "-";
  return line;
}
