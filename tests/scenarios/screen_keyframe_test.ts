/** A keyframe of a screen is as large as seconds of a camera: on a limited path the camera must not wait behind it. */
import { assertGreater, assertLess } from "@std/assert";
import { CAMERA, longestPause } from "../sim/limited_cases.ts";
import { scenario } from "../sim/scenario.ts";

for (const [rateBps, keyframeBytes] of [[1_500_000, 100_000], [2_000_000, 80_000]] as const) {
  scenario(
    `a camera goes on while a keyframe of ${keyframeBytes / 1_000} kB passes ${rateBps / 1_000} kbit/s`,
    (world) => {
      const alice = world.join("alice", { kind: "track_map", encodings: CAMERA });
      const sam = world.join("sam", {
        kind: "track_map",
        publish: ["microphone"],
        screen: { bps: 300_000, fps: 5, keyframeBytes },
      });
      const bob = world.join("bob", { kind: "track_map", publish: [] });
      Object.assign(bob.down.conditions, { rateBps, queueMs: 300 });
      world.run(500);
      sam.shareScreen();
      world.run(11_000);
      for (let i = 0; i < 2; i++) {
        const [from, keyframes] = [world.now, bob.tile(sam, "screen").keyframes];
        sam.sender("screen").requestKeyframe();
        world.run(4_000);
        assertGreater(bob.tile(sam, "screen").keyframes, keyframes);
        assertLess(longestPause(bob.tile(alice).shownAt, from, world.now), 300);
        world.run(1_000);
      }
    },
  );
}
