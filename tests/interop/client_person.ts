/** A participant made of our own client that keeps what it sees and hears, so that a test can wait for it. */
import { RoomClient, type RoomClientEvent, type RoomClientOptions } from "../../src/io/peer/room_client.ts";
import type { MappedTrack, TrackSource } from "../../src/signaling/messages.ts";
import { Inbox } from "./call_signaling.ts";

/** What a person of the test has seen. */
export interface Got {
  readonly track: MappedTrack;
  readonly payload: Uint8Array;
  readonly sequence: number;
  readonly timestamp: number;
  readonly marker: boolean;
  readonly audioLevel: number | undefined;
}

/** A client that keeps what comes. */
export class Person implements AsyncDisposable {
  readonly events: Inbox<RoomClientEvent> = new Inbox();
  readonly packets: Inbox<Got> = new Inbox();
  client!: RoomClient;

  static async join(options: Omit<RoomClientOptions, "onEvent" | "onRtp">): Promise<Person> {
    const person = new Person();
    person.client = await RoomClient.join({
      ...options,
      onEvent: (event) => person.events.add(event),
      onRtp: (track, packet) => {
        const { sequence, timestamp, marker, audioLevel } = packet;
        person.packets.add({ track, payload: packet.payload.slice(), sequence, timestamp, marker, audioLevel });
      },
    });
    return person;
  }

  /** Waits until the media path is up. */
  async connected(): Promise<void> {
    await this.events.until(
      (all) => all.find((event) => event.kind === "media" && event.state === "connected"),
      "connection",
    );
  }

  /** Waits until somebody's track has a line. */
  async hears(other: Person, source: TrackSource): Promise<void> {
    await this.events.until((all) => {
      const last = all.findLast((event) => event.kind === "tracks");
      return last?.kind === "tracks"
        ? last.tracks.find((track) => track.participant === other.client.id && track.source === source)
        : undefined;
    }, `${source} of the other`);
  }

  /** Waits for so many packets of a track. */
  async got(other: Person, source: TrackSource, count: number): Promise<readonly Got[]> {
    return await this.packets.until((all) => {
      const of = all.filter(({ track }) => track.participant === other.client.id && track.source === source);
      return of.length >= count ? of : undefined;
    }, `${count} packets of ${source}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.leave();
  }
}
