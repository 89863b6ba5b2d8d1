import type { EventStream } from "../event_hub.ts";

/**
 * Everybody who is there now, then everybody who comes, each once; ends with the events.
 *
 * Whoever comes and goes again between two steps is left out. Looks at the members after each event, so that events
 * lost by a slow reader lose nobody.
 */
export async function* arrivals<Member extends WeakKey>(
  members: () => Iterable<Member>,
  events: () => EventStream<unknown>,
): AsyncGenerator<Member, void, void> {
  await using changes = events();
  const seen = new WeakSet<Member>();
  do {
    for (const member of [...members()]) {
      if (seen.has(member)) continue;
      seen.add(member);
      yield member;
    }
  } while (!(await changes.next()).done);
}
