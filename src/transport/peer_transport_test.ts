import { assert, assertEquals } from "@std/assert";
import { PacketPool } from "../base/packet_pool.ts";
import { seededRandom } from "../base/random.ts";
import { NEVER } from "../base/time.ts";
import { type IceCheck, iceCheck } from "../../tests/sim/ice_check.ts";
import type { CipherProvider, PacketCipher } from "./cipher_provider.ts";
import type { DtlsConnected } from "./dtls_port.ts";
import { Path } from "./path.ts";
import { CONNECT_TIMEOUT, CONSENT_TIMEOUT, NOT_CONNECTED, PeerTransport } from "./peer_transport.ts";
import { PeerIndex } from "./peer_index.ts";

const REMOTE = {
  ufrag: "theirs",
  pwd: "their-password",
  fingerprints: [{ algorithm: "sha-256", value: "AA:BB" }],
  setup: "actpass",
} as const;

/** Leaves packets as they are; the ciphers have tests of their own. */
function plainCiphers(): CipherProvider & { open: number } {
  const provider = {
    name: "plain",
    open: 0,
    create(): PacketCipher {
      provider.open++;
      return {
        sealRtp: (_bytes, _header, length) => length,
        openRtp: (_bytes, _header, length) => length,
        sealRtcp: (_bytes, length) => length,
        openRtcp: (_bytes, length) => length,
        close: () => void provider.open--,
      };
    },
  };
  return provider;
}

function setUp() {
  const ciphers = plainCiphers();
  const peer = new PeerTransport({ id: 3, random: seededRandom(1), ciphers, now: 1000 });
  const index = new PeerIndex();
  index.add(peer);
  const reply = new PacketPool().acquire();
  const path = new Path(0, "192.0.2.1", 5000);
  const check = (now: number, from = path, more: Partial<IceCheck> = {}) => {
    const local = { ufrag: peer.localUfrag, pwd: peer.localPwd };
    const bytes = iceCheck({ local, remoteUfrag: "theirs", useCandidate: true, ...more });
    const outcome = peer.handleStun(bytes, bytes.length, from, now, reply);
    if (outcome === "checked" || outcome === "selected") index.bind(from, peer);
    return outcome;
  };
  return { peer, index, ciphers, reply, path, check };
}

function connected(change: Partial<DtlsConnected> = {}): DtlsConnected {
  const keys = { masterKey: new Uint8Array(16), masterSalt: new Uint8Array(12) };
  return {
    kind: "dtls_connected",
    peer: 3,
    profile: "AEAD_AES_128_GCM",
    localKeys: keys,
    remoteKeys: keys,
    remoteCertificate: new Uint8Array(1),
    remoteFingerprints: [{ algorithm: "sha-256", value: "aa:bb" }],
    ...change,
  };
}

Deno.test("PeerTransport connects after a check and a handshake with the announced certificate", () => {
  const { peer, ciphers, path, check } = setUp();
  assertEquals([peer.state, peer.nextTimeout()], ["new", 1000 + CONNECT_TIMEOUT]);
  assertEquals(peer.setRemote(REMOTE), "ok");
  assertEquals(peer.state, "connecting");
  assertEquals(check(2000), "selected");
  assertEquals([peer.path, peer.state], [path, "connecting"]);
  assert(peer.handleDtlsConnected(connected()));
  assertEquals([peer.state, peer.error, ciphers.open], ["connected", undefined, 2]);
  assertEquals(peer.nextTimeout(), 2000 + CONSENT_TIMEOUT);
});

Deno.test("PeerTransport.handleDtlsConnected() never starts SRTP with another certificate", () => {
  const { peer, ciphers, check } = setUp();
  peer.setRemote(REMOTE);
  check(2000);
  const packet = new PacketPool().acquire();
  assertEquals(
    peer.handleDtlsConnected(connected({ remoteFingerprints: [{ algorithm: "sha-256", value: "AA:BC" }] })),
    false,
  );
  assertEquals([peer.state, peer.error, ciphers.open], ["failed", "fingerprint_mismatch", 0]);
  assertEquals([peer.unprotectRtp(packet), peer.unprotectRtcp(packet)], [NOT_CONNECTED, NOT_CONNECTED]);
  assertEquals([peer.protectRtp(packet), peer.protectRtcp(packet)], [false, false]);
  assertEquals(peer.handleDtlsConnected(connected()), false, "a right one comes too late");
  assertEquals([check(3000), peer.nextTimeout()], ["ignored", NEVER]);
});

Deno.test("PeerTransport.handleDtlsConnected() needs an offer and a proven path", () => {
  const first = setUp();
  assertEquals(first.peer.handleDtlsConnected(connected()), false);
  assertEquals(first.peer.error, "no_remote_description");
  const second = setUp();
  second.peer.setRemote(REMOTE);
  assertEquals(second.peer.handleDtlsConnected(connected()), false);
  assertEquals(second.peer.error, "no_path");
  const third = setUp();
  third.peer.setRemote(REMOTE);
  third.check(1);
  assertEquals(third.peer.handleDtlsConnected(connected({ peer: 4 })), false);
  assertEquals(third.peer.state, "connecting", "another peer's event changes nothing");
});

Deno.test("PeerTransport.handleDtlsConnected() does not take keys twice", () => {
  const { peer, ciphers, check } = setUp();
  peer.setRemote(REMOTE);
  check(2000);
  peer.handleDtlsConnected(connected());
  assertEquals(peer.handleDtlsConnected(connected()), false);
  assertEquals([peer.state, peer.error, ciphers.open], ["failed", "dtls_repeated", 0]);
});

Deno.test("PeerTransport.setRemote() says what is wrong with an offer and keeps what it had", () => {
  const { peer, check } = setUp();
  assertEquals(peer.setRemote({ ...REMOTE, setup: "passive" }), "bad_setup");
  assertEquals(peer.state, "new");
  assertEquals(peer.setRemote({ ...REMOTE, setup: "active" }), "ok");
  const changed = [{ algorithm: "sha-256", value: "CC:DD" }];
  assertEquals(peer.setRemote({ ...REMOTE, fingerprints: changed }), "fingerprint_changed");
  check(2000);
  assertEquals(peer.handleDtlsConnected(connected({ remoteFingerprints: changed })), false);
});

Deno.test("PeerTransport.setRemote() takes an ICE restart while connected", () => {
  const { peer, index, path, check } = setUp();
  peer.setRemote(REMOTE);
  check(2000);
  peer.handleDtlsConnected(connected());
  const before = peer.localUfrag;
  assertEquals(peer.setRemote({ ...REMOTE, ufrag: "again", pwd: "more" }), "ice_restart");
  index.add(peer);
  assert(peer.localUfrag !== before);
  assertEquals([index.byUfrag(before), index.byUfrag(peer.localUfrag)], [peer, peer]);
  assertEquals([peer.state, peer.path], ["connected", path]);
  const moved = new Path(0, "198.51.100.1", 99);
  assertEquals(check(3000, moved, { remoteUfrag: "again" }), "selected");
  assertEquals([peer.path, index.byUfrag(before)], [moved, undefined]);
});

Deno.test("PeerTransport.acceptsDtls() takes only paths with an authentic check", () => {
  const { peer, path, check } = setUp();
  peer.setRemote(REMOTE);
  const forged = new Path(0, "203.0.113.5", 4444);
  assertEquals(check(2000, forged, { integrity: false }), "unauthenticated");
  assertEquals([peer.acceptsDtls(path), peer.acceptsDtls(forged)], [false, false]);
  check(2000);
  assertEquals([peer.acceptsDtls(path), peer.acceptsDtls(forged)], [true, false]);
  peer.close();
  assertEquals(peer.acceptsDtls(path), false);
});

Deno.test("PeerTransport.handleTimeout() ends what never connects", () => {
  const { peer, check } = setUp();
  peer.setRemote(REMOTE);
  check(2000);
  peer.handleTimeout(1000 + CONNECT_TIMEOUT - 1);
  assertEquals(peer.state, "connecting");
  peer.handleTimeout(1000 + CONNECT_TIMEOUT);
  assertEquals([peer.state, peer.error, peer.nextTimeout()], ["failed", "connect_timeout", NEVER]);
});

Deno.test("PeerTransport.handleTimeout() ends what is not checked any more, from whichever path", () => {
  const { peer, ciphers, check } = setUp();
  peer.setRemote(REMOTE);
  check(2000);
  peer.handleDtlsConnected(connected());
  check(20_000, new Path(0, "192.0.2.1", 6000), { useCandidate: false });
  peer.handleTimeout(2000 + CONSENT_TIMEOUT);
  assertEquals(peer.state, "connected");
  check(21_000, new Path(0, "192.0.2.1", 7000), { integrity: false });
  assertEquals(peer.nextTimeout(), 20_000 + CONSENT_TIMEOUT);
  peer.handleTimeout(20_000 + CONSENT_TIMEOUT);
  assertEquals([peer.state, peer.error, ciphers.open], ["failed", "consent_lost", 0]);
});

Deno.test("PeerTransport.handleDtlsClosed() fails with the reason, close() ends quietly and repeatedly", () => {
  const { peer } = setUp();
  peer.setRemote(REMOTE);
  peer.handleDtlsClosed("no_client_certificate");
  assertEquals([peer.state, peer.error], ["failed", "no_client_certificate"]);
  peer.close();
  peer.handleDtlsClosed("later");
  assertEquals([peer.state, peer.error], ["failed", "no_client_certificate"]);
  const other = setUp().peer;
  other.close();
  other.close();
  other.handleDtlsClosed("later");
  assertEquals([other.state, other.error, other.nextTimeout()], ["closed", undefined, NEVER]);
});
