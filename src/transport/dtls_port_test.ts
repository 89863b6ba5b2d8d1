import { assert, assertEquals } from "@std/assert";
import { fingerprintMatches, sameFingerprints } from "./dtls_port.ts";

const own = [
  { algorithm: "sha-256", value: "AA:BB:CC" },
  { algorithm: "sha-384", value: "11:22:33" },
  { algorithm: "sha-512", value: "44:55:66" },
];

Deno.test("fingerprintMatches() compares in either case", () => {
  assert(fingerprintMatches([{ algorithm: "SHA-256", value: "aa:bb:cc" }], own));
  assert(fingerprintMatches([{ algorithm: "sha-384", value: "11:22:33" }], own));
  assert(!fingerprintMatches([{ algorithm: "sha-256", value: "AA:BB:CD" }], own));
  assert(!fingerprintMatches([{ algorithm: "sha-256", value: "AA:BB" }], own));
  assert(!fingerprintMatches([{ algorithm: "sha-384", value: "AA:BB:CC" }], own));
});

Deno.test("fingerprintMatches() takes any of several certificates, but only by the strongest hash", () => {
  const other = { algorithm: "sha-256", value: "00:00:00" };
  assert(fingerprintMatches([other, own[0]!], own));
  assert(!fingerprintMatches([own[0]!, { algorithm: "sha-512", value: "00:00:00" }], own));
  assert(fingerprintMatches([other, { algorithm: "sha-512", value: "44:55:66" }], own));
});

Deno.test("fingerprintMatches() needs a hash that is good enough", () => {
  const weak = [{ algorithm: "sha-1", value: "AA" }, { algorithm: "md5", value: "BB" }];
  assert(!fingerprintMatches(weak, [...weak, ...own]));
  assert(!fingerprintMatches([], own));
  assert(!fingerprintMatches(own, []));
  assert(!fingerprintMatches([{ algorithm: "sha-256", value: "" }], [{ algorithm: "sha-256", value: "" }]));
});

Deno.test("sameFingerprints() ignores order, case and repetition", () => {
  const [a, b] = [own[0]!, own[1]!];
  assert(sameFingerprints([a, b], [b, a, a]));
  assert(sameFingerprints([{ algorithm: "SHA-256", value: "aa:bb:cc" }], [a]));
  assert(!sameFingerprints([a], [a, b]));
  assertEquals(sameFingerprints([], []), true);
});
