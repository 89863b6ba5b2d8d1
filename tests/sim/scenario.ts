import { SimWorld, type WorldOptions } from "./sim_world.ts";

/**
 * Registers one scenario: a behaviour of the whole core in virtual time.
 *
 * Afterwards nobody may have seen a wrong face or got a malformed packet, and no packet buffer may be left in use.
 * A scenario with `seeds` runs once for each.
 */
export function scenario(
  name: string,
  body: (world: SimWorld) => void,
  options: WorldOptions & { readonly seeds?: readonly number[] } = {},
): void {
  for (const seed of options.seeds ?? [options.seed ?? 1]) {
    Deno.test(options.seeds === undefined ? name : `${name} (seed ${seed})`, () => {
      const world = new SimWorld({ ...options, seed });
      body(world);
      world.checkClients();
      world.close();
    });
  }
}
