import { assertEquals } from "@std/assert";
import { type HostLoad, placeRoom } from "./room_placement.ts";

function host(load: Partial<HostLoad> = {}): HostLoad {
  return { running: true, packetsPerSecond: 0, members: 0, rooms: 0, ...load };
}

Deno.test("placeRoom() takes the host that sends least", () => {
  assertEquals(placeRoom([host({ packetsPerSecond: 900 }), host({ packetsPerSecond: 300 }), host()]), 2);
  assertEquals(placeRoom([host({ packetsPerSecond: 300, rooms: 9 }), host({ packetsPerSecond: 900 })]), 0);
});

Deno.test("placeRoom() counts who has come since the last measurement", () => {
  assertEquals(placeRoom([host({ members: 5, rooms: 1 }), host({ packetsPerSecond: 100, rooms: 1 })]), 1);
  assertEquals(placeRoom([host({ members: 1 }), host({ packetsPerSecond: 100 })]), 0);
});

Deno.test("placeRoom() spreads rooms that have nothing yet, the same way each time", () => {
  const rooms = [0, 0, 0];
  const order: (number | undefined)[] = [];
  for (let i = 0; i < 6; i++) {
    const chosen = placeRoom(rooms.map((count) => host({ rooms: count })));
    order.push(chosen);
    rooms[chosen ?? 0]!++;
  }
  assertEquals(order, [0, 1, 2, 0, 1, 2]);
});

Deno.test("placeRoom() leaves out hosts that do not run", () => {
  assertEquals(placeRoom([host({ running: false }), host({ packetsPerSecond: 1e6 })]), 1);
  assertEquals(placeRoom([host({ running: false })]), undefined);
  assertEquals(placeRoom([]), undefined);
});
