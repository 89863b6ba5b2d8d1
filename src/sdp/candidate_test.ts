import { assertEquals } from "@std/assert";
import { hostCandidates, parseCandidate, writeCandidate } from "./candidate.ts";

Deno.test("hostCandidates() puts what reaches further first and keeps the order given", () => {
  const port = 10_000;
  const given = ["127.0.0.1", "10.0.0.7", "fd00::1", "172.32.0.1", "2001:db8::1", "::1", "172.16.0.1", "203.0.113.9"];
  const candidates = hostCandidates([...given, "10.0.0.7"].map((address) => ({ address, port })));
  assertEquals(candidates.map((candidate) => candidate.address), [
    "172.32.0.1",
    "2001:db8::1",
    "203.0.113.9",
    "10.0.0.7",
    "fd00::1",
    "172.16.0.1",
    "127.0.0.1",
    "::1",
  ]);
  assertEquals(new Set(candidates.map((candidate) => candidate.foundation)).size, candidates.length);
  for (let i = 1; i < candidates.length; i++) {
    assertEquals(candidates[i - 1]!.priority - candidates[i]!.priority, 256);
  }
});

Deno.test("writeCandidate() writes what parseCandidate() reads", () => {
  const [candidate] = hostCandidates([{ address: "2001:db8::1", port: 65_535 }]);
  const line = writeCandidate(candidate!);
  assertEquals(line, "candidate:1 1 udp 2130706431 2001:db8::1 65535 typ host");
  assertEquals(parseCandidate(`a=${line}`), { transport: "udp", address: "2001:db8::1", port: 65_535, kind: "host" });
});

Deno.test("parseCandidate() reads what browsers send", () => {
  const line = "candidate:842163049 1 UDP 1677729535 c0ffee00-1234.local 46154 typ srflx raddr 0.0.0.0 rport 0 " +
    "generation 0 ufrag EEtu network-cost 999";
  assertEquals(parseCandidate(line), { transport: "udp", address: "c0ffee00-1234.local", port: 46_154, kind: "srflx" });
});

Deno.test("parseCandidate() refuses noise", () => {
  const good = "candidate:1 1 udp 100 1.2.3.4 5 typ host";
  assertEquals(parseCandidate(good)?.port, 5);
  for (
    const bad of [
      "",
      "candidate:",
      good.replace("candidate:1", "candidate:ä"),
      good.replace(" 1 udp", " 257 udp"),
      good.replace("udp", "sctp"),
      good.replace("100", "4294967296"),
      good.replace("100", "-1"),
      good.replace(" 5 ", " 65536 "),
      good.replace("typ", "type"),
      good.replace("host", "hosts"),
      good.replace("1.2.3.4", "<b>"),
      good + " x".repeat(600),
    ]
  ) assertEquals(parseCandidate(bad), undefined, bad);
});
