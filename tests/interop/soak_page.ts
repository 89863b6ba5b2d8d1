/// <reference lib="dom" />
/** What a page of the soak notes about itself: pictures that stand still, and its own waiting for the machine. */
import type { SeaMeetClient } from "../../src/client/mod.ts";
import type { Span } from "./patience.ts";

/** A tile that should show a moving picture and had no new frame for too long. */
export interface StillTile extends Span {
  /** Whose tile. */
  readonly name: string;
  /** Nothing had come of it before. */
  readonly isFirst: boolean;
  /** What came of it all the same. */
  readonly packets: number;
  readonly framesReceived: number;
  /** How often the page asked for a keyframe meanwhile. */
  readonly keyframesAsked: number;
}

/** What a page sends of pictures, all encodings and screens together; counters go on. */
export interface Sending {
  readonly at: number;
  readonly encoded: number;
  readonly keyframes: number;
  readonly bytes: number;
  /** Bits per second that the browser allows its pictures and thinks its path can carry. */
  readonly target: number;
  readonly available: number;
  /** What limits the pictures. */
  readonly limits: string;
}

/** What a page has noted since it was asked last. */
export interface SoakNotes {
  readonly still: StillTile[];
  /** The page had no time to look: its clock ran on without it. */
  readonly stalls: Span[];
  /** Its made-up devices gave no picture: switched off, or a machine without time. What is not encoded or sent is a fault. */
  readonly unpainted: Span[];
  /** Its connection was being made. */
  readonly connecting: Span[];
  /** What it sent, look by look. */
  readonly sending: Sending[];
  /** Looks at tiles that had to have a picture. */
  looks: number;
}

/** `globalThis.soakNotes` of a page. */
export interface SoakWatch {
  readonly notes: SoakNotes;
  /** Notes what is still going on. */
  flush(): void;
}

/** Longest time without a new frame that nobody calls a fault. */
export const STILL_MS = 2_000;

/** Installs `globalThis.soakNotes`. Runs in the page before its scripts, so it can use nothing from outside. */
export function installSoakNotes({ stillMs, intervalMs }: { stillMs: number; intervalMs: number }): void {
  const notes: SoakNotes = { still: [], stalls: [], unpainted: [], connecting: [], sending: [], looks: 0 };
  /** What has come of a track. */
  interface Come {
    frames: number;
    packets: number;
    framesReceived: number;
    keyframesAsked: number;
  }
  const NOTHING: Come = { frames: 0, packets: 0, framesReceived: 0, keyframesAsked: 0 };
  /** When each track had a new frame last, and what had come of it then. */
  const seen = new Map<string, Come & { at: number; name: string }>();
  let painted = { frames: -1, at: Date.now() };
  let connectingSince: number | undefined;
  let lookedAt = Date.now();

  const client = (): SeaMeetClient | undefined => Reflect.get(globalThis, "seameetClient");

  /** Tracks that tiles show now, by id. */
  const shownTracks = (): Map<string, string> => {
    const shown = new Map<string, string>();
    const area = document.querySelector("[data-testid=video-grid]")?.getBoundingClientRect();
    for (const tile of document.querySelectorAll("[data-testid=video-tile]:not(.tile-own)[data-video=on]")) {
      const { left, right } = tile.getBoundingClientRect();
      // Scrolled out of the strip: such a picture is not asked for.
      if (
        area === undefined ||
        (!tile.classList.contains("tile-featured") && (right < area.left + 2 || left > area.right - 2))
      ) {
        continue;
      }
      const stream = tile.querySelector("video")?.srcObject;
      const track = stream instanceof MediaStream ? stream.getVideoTracks()[0] : undefined;
      // A tile without a track is as empty as one with a track that stands still.
      const name = tile.getAttribute("data-participant") ?? "";
      shown.set(track?.id ?? `none of ${name}`, name);
    }
    return shown;
  };

  const latest = new Map<string, Come>();
  const end = (track: string, now: number) => {
    const last = seen.get(track);
    seen.delete(track);
    if (last === undefined || now - last.at <= stillMs) return;
    const come = latest.get(track) ?? last;
    notes.still.push({
      name: last.name,
      isFirst: last.frames === 0,
      from: last.at,
      to: now,
      packets: come.packets - last.packets,
      framesReceived: come.framesReceived - last.framesReceived,
      keyframesAsked: come.keyframesAsked - last.keyframesAsked,
    });
  };

  const readInbound = (stats: RTCInboundRtpStreamStats): void => {
    latest.set(stats.trackIdentifier, {
      frames: stats.framesDecoded ?? 0,
      packets: stats.packetsReceived ?? 0,
      framesReceived: stats.framesReceived ?? 0,
      keyframesAsked: stats.pliCount ?? 0,
    });
  };

  const readSending = (report: RTCStatsReport | undefined): Sending => {
    const sum = { at: Date.now(), encoded: 0, keyframes: 0, bytes: 0, target: 0, available: 0 };
    const limits: string[] = [];
    for (const stats of report?.values() ?? []) {
      if (stats.type === "candidate-pair") sum.available = stats.availableOutgoingBitrate ?? sum.available;
      if (stats.type !== "outbound-rtp" || stats.kind !== "video") continue;
      sum.encoded += stats.framesEncoded ?? 0;
      sum.keyframes += stats.keyFramesEncoded ?? 0;
      sum.bytes += stats.bytesSent ?? 0;
      sum.target += stats.targetBitrate ?? 0;
      limits.push(stats.active === false ? "off" : stats.qualityLimitationReason ?? "?");
    }
    return { ...sum, limits: limits.join(" ") };
  };

  const look = async () => {
    const connection = client()?.peerConnection;
    const report = await connection?.getStats();
    let sources = 0;
    latest.clear();
    for (const stats of report?.values() ?? []) {
      if (stats.type === "inbound-rtp" && stats.kind === "video") readInbound(stats);
      if (stats.type === "media-source" && stats.kind === "video") sources += stats.frames ?? 0;
    }
    notes.sending.push(readSending(report));
    const now = Date.now();
    if (now - lookedAt > 2 * intervalMs) notes.stalls.push({ from: lookedAt, to: now });
    lookedAt = now;
    const isConnected = client()?.mediaState === "connected";
    if (client()?.status.state === "joined" && !isConnected) connectingSince ??= now;
    else if (connectingSince !== undefined) {
      notes.connecting.push({ from: connectingSince, to: now });
      connectingSince = undefined;
    }
    const shown = shownTracks();
    for (const track of [...seen.keys()]) if (!shown.has(track)) end(track, now);
    for (const [track, name] of shown) {
      notes.looks++;
      const last = seen.get(track);
      const come = latest.get(track) ?? NOTHING;
      if (last !== undefined && last.frames !== come.frames) end(track, now);
      if (last === undefined || last.frames !== come.frames) seen.set(track, { ...come, at: now, name });
    }
    if (sources !== painted.frames) {
      if (now - painted.at > stillMs / 4) notes.unpainted.push({ from: painted.at, to: now });
      painted = { frames: sources, at: now };
    }
  };
  const watch: SoakWatch = {
    notes,
    flush() {
      const now = Date.now();
      for (const [track, last] of [...seen]) {
        end(track, now);
        seen.set(track, { ...last, at: Math.max(last.at, now - stillMs) });
      }
    },
  };
  Reflect.set(globalThis, "soakNotes", watch);
  const again = () => void look().catch(() => {}).finally(() => setTimeout(again, intervalMs));
  again();
}
