/** The signaling half of a client that is a script: it says what a test tells it to, and keeps what comes until asked for. */
import { assert } from "@std/assert";
import type { ClientMessage, MappedTrack, OfferedTrack, ServerMessage } from "../../src/signaling/messages.ts";
import { machine, PATIENCE_MS } from "./patience.ts";

/** Fails when something that is awaited takes longer than any machine needs for it. */
export async function soon<T>(promise: Promise<T>, what: string): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`Waited in vain for ${what}; ${machine()}`)), PATIENCE_MS);
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** Things that come one after the other, and the wait until one of them is what a test needs. */
export class Inbox<T> {
  readonly all: T[] = [];
  #changed: PromiseWithResolvers<void> = Promise.withResolvers();

  add(item: T): void {
    this.all.push(item);
    const before = this.#changed;
    this.#changed = Promise.withResolvers();
    before.resolve();
  }

  /** Waits until `find` answers something for what has come so far. */
  async until<R>(find: (all: readonly T[]) => R | undefined, what: string): Promise<R> {
    const search = async (): Promise<R> => {
      while (true) {
        const found = find(this.all);
        if (found !== undefined) return found;
        await this.#changed.promise;
      }
    };
    return await soon(search(), what);
  }

  /** Waits for this many items; answers all. */
  async count(count: number, what: string): Promise<readonly T[]> {
    return await this.until((all) => all.length >= count ? all : undefined, `${count} × ${what}`);
  }
}

/** One participant's connection to the server, announcing `track_map`. */
export class ScriptedSignaling implements AsyncDisposable {
  readonly id: string = crypto.randomUUID();
  readonly room: string;
  readonly #socket: WebSocket;
  readonly #messages: Inbox<ServerMessage> = new Inbox();
  readonly #closed: Promise<unknown>;

  private constructor(socket: WebSocket, room: string) {
    this.room = room;
    this.#socket = socket;
    this.#closed = new Promise((resolve) => socket.onclose = resolve);
    socket.onmessage = ({ data }) => this.#messages.add(JSON.parse(data));
  }

  /** Connects, joins and waits until the server has taken it in. `origin` is as `http://127.0.0.1:3001`. */
  static async join(origin: string, room: string, name: string): Promise<ScriptedSignaling> {
    const socket = new WebSocket(origin.replace(/^http/, "ws"));
    const signaling = new ScriptedSignaling(socket, room);
    await soon(new Promise((resolve) => socket.onopen = resolve), "the WebSocket");
    signaling.#send({
      type: "join",
      participant: signaling.id,
      room_id: room,
      display_name: name,
      capabilities: ["track_map"],
    });
    await signaling.#messages.until((all) => all.find(({ type }) => type === "ready"), "ready");
    return signaling;
  }

  /** Sends an offer and waits for its answer. */
  async offer(sdp: string, tracks: OfferedTrack[]): Promise<string> {
    const answers = (all: readonly ServerMessage[]) => all.filter(({ type }) => type === "answer" || type === "error");
    const before = answers(this.#messages.all).length;
    this.#send({ type: "offer", from: this.id, room_id: this.room, sdp, tracks });
    const answer = await this.#messages.until((all) => answers(all)[before], "the answer");
    assert(answer.type === "answer", JSON.stringify(answer));
    return answer.sdp;
  }

  /** The line on which somebody's track comes, as soon as the server says so. */
  async lineOf(participant: string, source: MappedTrack["source"]): Promise<string> {
    return await this.#messages.until((all) => {
      const map = all.findLast((message) => message.type === "track_map");
      return map?.tracks.find((track) => track.participant === participant && track.source === source)?.mid;
    }, `${source} in track_map`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close();
    await this.#closed;
  }

  #send(message: ClientMessage): void {
    this.#socket.send(JSON.stringify(message));
  }
}

/** What an answer says the server sends on a line: its SSRC, and the payload number of a codec. */
export function answeredLine(sdp: string, mid: string, codec: string): { ssrc: number; payloadType: number } {
  const section = sdp.split(/^(?=m=)/m).find((part) => part.includes(`a=mid:${mid}\r\n`));
  const ssrc = section?.match(/^a=ssrc:(\d+) cname/m)?.[1];
  const payloadType = section?.match(new RegExp(`^a=rtpmap:(\\d+) ${codec}/`, "m"))?.[1];
  assert(ssrc !== undefined && payloadType !== undefined, `mid ${mid} with ${codec} is not in the answer\n${sdp}`);
  return { ssrc: Number(ssrc), payloadType: Number(payloadType) };
}
