/** 64 of each, so that six bits of a random byte choose without bias; a code is one of 262,144. */
const ADJECTIVES = (
  "amber ample azure balmy bold brave breezy bright brisk calm clear coral cosy crisp deep dewy eager early fair fleet fluid " +
  "fond free fresh gentle glad golden grand green happy hazel humble jade jolly keen kind light lively lucky lunar mellow " +
  "merry mild misty noble pearly placid proud quick quiet rapid rosy salty sandy silky silver smooth solar sunny swift teal " +
  "tidal vivid warm"
).split(" ");

const NOUNS = (
  "anchor atoll bay beacon breeze buoy canoe cape cloud coast coral cove crab creek current delta dolphin dune eddy ferry fjord " +
  "foam gull harbor heron island jetty kayak kelp lagoon lantern lighthouse lobster marlin moon narwhal oar orca osprey otter " +
  "oyster pearl pelican penguin pier puffin raft reef river sail seal shell shore sloop squid starfish surf swan tern tide " +
  "turtle walrus wave whale"
).split(" ");

/** Makes a room code that is easy to say, such as `calm-azure-otter`. */
export function randomRoomCode(): string {
  const [a = 0, b = 0, c = 0] = crypto.getRandomValues(new Uint8Array(3));
  const first = ADJECTIVES[a % ADJECTIVES.length];
  const others = ADJECTIVES.filter((word) => word !== first);
  return [first, others[b % others.length], NOUNS[c % NOUNS.length]].join("-");
}
