import { randomRoom } from "../sim/random_room.ts";
import { scenario } from "../sim/scenario.ts";

scenario(
  "whatever people do in a small room, everybody ends up seeing everybody on the right tile",
  (world) => randomRoom(world, 6, 5),
  { seeds: [1, 2] },
);

scenario(
  "whatever people do in a room larger than the pool, everybody ends up seeing everybody on the right tile",
  (world) => randomRoom(world, 11, 2),
  { seeds: [29, 139, 140] },
);

scenario(
  "whoever loses connections and comes back meanwhile, everybody ends up seeing everybody on the right tile",
  (world) => randomRoom(world, 6, 5, true),
  { seeds: [3, 4, 5, 6] },
);
