import { assert, assertEquals } from "@std/assert";
import { RESUMING } from "./client_options.ts";
import type { SimClient } from "./sim_client.ts";
import type { SimWorld } from "./sim_world.ts";

const STEPS = 40;
const STEPS_BEFORE_CHECK = 8;
const SETTLE_MS = 1_500;
/** A picture is live when its newest frame is younger. */
const FRESH_MS = 120;

/**
 * Lets people come, go and share at random; everybody must end up seeing everybody. A room with at most `maxMembers`, of
 * whom about one in `watchersOneIn` has no devices; `losing` connections means coming back to sessions.
 */
export function randomRoom(world: SimWorld, maxMembers: number, watchersOneIn: number, losing = false): void {
  const present: SimClient[] = [];
  const sharing = new Set<SimClient>();
  const sharedOnce = new Set<SimClient>();
  const below = (limit: number) => Math.floor(world.random.next() * limit);
  const join = () => {
    if (present.length >= maxMembers) return;
    const kind = losing ? RESUMING : { kind: below(3) === 0 ? "track_map" : "pool" } as const;
    const publish = below(watchersOneIn) === 0 ? { publish: [] } : {};
    present.push(world.join(`client ${world.clients.length}`, { ...kind, hidesSsrcs: below(4) === 0, ...publish }));
  };
  const act = () => {
    const client = present[below(present.length)];
    const action = below(losing ? 8 : 6);
    if (client === undefined || action < 2) join();
    else if (action === 2) {
      client.disconnect();
      present.splice(present.indexOf(client), 1);
      sharing.delete(client);
    } else if (action > 5 && client.media !== undefined) {
      client.loseSocket();
      const others = present.filter((other) => other !== client && other.connection !== undefined);
      if (action === 6) others[below(others.length)]?.disconnect();
      for (const other of others) if (other.connection === undefined) present.splice(present.indexOf(other), 1);
      world.run(below(2_000));
      client.resume();
    } else if (sharing.delete(client)) {
      client.stopScreen();
    } else if (client.media !== undefined && action === 3 && !sharedOnce.has(client)) {
      // Once each: two retired lines keep a client with a used-up pool from showing anybody's share, by its own rules.
      client.shareScreen();
      sharing.add(client);
      sharedOnce.add(client);
    }
  };

  for (let i = 1; i <= STEPS; i++) {
    act();
    world.run(below(300));
    if (i % STEPS_BEFORE_CHECK !== 0) continue;
    world.run(SETTLE_MS);
    check(world, present, sharing);
  }
}

function check(world: SimWorld, present: readonly SimClient[], sharing: ReadonlySet<SimClient>): void {
  const ids = present.map((client) => client.id);
  for (const viewer of present) {
    assertEquals(viewer.last("room_status")?.participants.map((entry) => entry.id), ids, viewer.name);
    for (const other of present.filter((client) => client !== viewer)) {
      for (const source of ["camera", "screen"] as const) {
        const isSent = other.media?.senders.has(source) ?? false;
        assertEquals(source === "screen" && isSent, source === "screen" && sharing.has(other));
        if (!isSent) continue;
        const { lastAt } = viewer.tile(other, source);
        const isFresh = lastAt !== undefined && world.now - lastAt < FRESH_MS;
        assert(isFresh, `${viewer.name} does not see the ${source} of ${other.name} at ${world.now}`);
      }
    }
  }
}
