import type { RoomId } from "../base/ids.ts";
import type { RoomEvent } from "../room/room_events.ts";
import { EventHub, type EventStream } from "./event_hub.ts";
import type { ServerEvent, TimedServerEvent } from "./server_events.ts";

/** Tells the application what happens: everything, or what concerns one room. */
export class ServerEventHub {
  readonly #capacity: number | undefined;
  readonly #all: EventHub<TimedServerEvent>;
  /** Only rooms that somebody has asked for. */
  readonly #rooms: Map<RoomId, EventHub<TimedServerEvent>> = new Map();
  #departures: RoomEvent[] = [];

  /** `capacity` events wait for each subscriber. */
  constructor(capacity: number | undefined) {
    this.#capacity = capacity;
    this.#all = new EventHub(capacity);
  }

  /** Everything from now on. */
  subscribe(): EventStream<TimedServerEvent> {
    return this.#all.subscribe();
  }

  /** What concerns a room that exists; ends with it. */
  subscribeRoom(roomId: RoomId): EventStream<TimedServerEvent> {
    let hub = this.#rooms.get(roomId);
    if (hub === undefined) this.#rooms.set(roomId, hub = new EventHub(this.#capacity));
    return hub.subscribe();
  }

  /** Tells an event now. */
  emit(event: ServerEvent): void {
    const timed: TimedServerEvent = { ...event, timestamp: Date.now() };
    this.#all.emit(timed);
    if (this.#rooms.size === 0) return;
    for (const roomId of roomsOf(event)) this.#rooms.get(roomId)?.emit(timed);
    if (event.type === "roomDestroyed") this.#endRoom(event.roomId);
  }

  /** Tells what a core says of its rooms, in the application's words. */
  takeRoomEvent(event: RoomEvent): void {
    switch (event.type) {
      case "roomCreated":
        this.emit(event);
        break;
      case "participantJoined":
        this.emit({ type: "peerConnected", participant: event.participant, roomId: event.roomId });
        break;
      case "participantLeft":
      case "roomEnded":
        // A connection that goes leaves all its rooms in one turn; that is one event, before those of the rooms.
        if (this.#departures.push(event) === 1) queueMicrotask(() => this.flushDepartures());
        break;
      default:
        this.emit(event);
    }
  }

  /** Tells now who has left and which rooms have ended. */
  flushDepartures(): void {
    const departures = this.#departures;
    this.#departures = [];
    const rooms = new Map<string, string[]>();
    for (const event of departures) {
      if (event.type !== "participantLeft") continue;
      rooms.set(event.participant, [...(rooms.get(event.participant) ?? []), event.roomId]);
    }
    for (const [participant, left] of rooms) this.emit({ type: "peerDisconnected", participant, rooms: left });
    for (const event of departures) {
      if (event.type === "roomEnded") this.emit({ type: "roomDestroyed", roomId: event.roomId });
    }
  }

  /** Ends all streams once they are read empty. */
  close(): void {
    this.#all.close();
    for (const roomId of [...this.#rooms.keys()]) this.#endRoom(roomId);
  }

  #endRoom(roomId: RoomId): void {
    this.#rooms.get(roomId)?.close();
    this.#rooms.delete(roomId);
  }
}

/** The rooms that an event concerns. */
function roomsOf(event: ServerEvent): readonly RoomId[] {
  if ("rooms" in event) return event.rooms;
  return "roomId" in event ? [event.roomId] : [];
}
