import { SeaMeetError } from "../../base/errors.ts";
import type { Logger } from "../../base/log.ts";
import type { PacketPool } from "../../base/packet_pool.ts";
import { type CipherProvider, SRTP_PARAMETERS, type SrtpProfile } from "../../transport/cipher_provider.ts";
import { portableCiphers } from "../portable_cipher.ts";
import { type DatagramEndpoint, PortableEndpoint } from "../udp_socket.ts";
import { nativeCiphers } from "./libcrypto_cipher.ts";
import { type NativeLibraries, type NativeUnavailable, openNative } from "./library.ts";
import { NativeEndpoint } from "./native_endpoint.ts";
import { probeSockets } from "./probe_sockets.ts";

/** Which engine is asked for; `auto` takes the native one where everything for it is there. */
export type EngineKind = "auto" | "native" | "portable";

/** What moves and encrypts packets. */
export interface Engine {
  /** Which one it is. */
  readonly name: "native" | "portable";
  /** Why this one, as a sentence for people. */
  readonly why: string;
  /** Makes the ciphers of SRTP. */
  readonly ciphers: CipherProvider;
  /** Opens the media sockets; throws what the constructors of the endpoints throw. `maxPerStep`: see `NativeEndpoint`. */
  endpoint(
    addresses: readonly string[],
    port: number,
    pool: PacketPool,
    logger: Logger,
    maxPerStep?: number,
  ): DatagramEndpoint;
}

/** What to look for, so that a test can leave things out. */
export interface EngineProbe {
  open(): NativeLibraries | NativeUnavailable;
}

const systemProbe: EngineProbe = { open: openNative };

/** How much is sealed to compare the two providers: a usual packet. */
const PROBE_LENGTH = 1_100;
const PROBE_HEADER = 12;

/**
 * Chooses the engine.
 *
 * Native means: Linux, `--allow-ffi`, libc and libcrypto found, ciphers that give the same bytes as the portable ones, and a
 * datagram that goes through sockets of this process. All of it is tried, in some milliseconds. Anything missing means
 * portable, with one log line that says what.
 *
 * @throws {SeaMeetError} `config` when `native` is demanded and not there
 */
export function chooseEngine(kind: EngineKind, logger: Logger, probe: EngineProbe = systemProbe): Engine {
  if (kind === "portable") return portableEngine("The portable engine was asked for");
  const found = probeNative(probe);
  if (!("unavailable" in found)) {
    const why = `Native engine over ${found.cryptoName}`;
    logger.log("info", "io", why);
    return nativeEngine(found, why);
  }
  if (kind === "native") {
    throw new SeaMeetError("config", `Cannot use the native engine: ${found.unavailable}`);
  }
  const why = `Portable engine, the native one cannot be used: ${found.unavailable}`;
  logger.log("info", "io", why);
  return portableEngine(why);
}

function portableEngine(why: string): Engine {
  return {
    name: "portable",
    why,
    ciphers: portableCiphers(),
    endpoint: (addresses, port, pool, logger) => new PortableEndpoint(addresses, port, pool, logger),
  };
}

function nativeEngine(libraries: NativeLibraries, why: string): Engine {
  return {
    name: "native",
    why,
    ciphers: nativeCiphers(libraries),
    endpoint: (addresses, port, pool, logger, maxPerStep) =>
      new NativeEndpoint(addresses, port, pool, logger, libraries, maxPerStep),
  };
}

function probeNative(probe: EngineProbe): NativeLibraries | NativeUnavailable {
  const found = probe.open();
  if ("unavailable" in found) return found;
  try {
    for (const profile of ["AEAD_AES_128_GCM", "AES_CM_128_HMAC_SHA1_80"] as const) {
      if (!sealsAlike(nativeCiphers(found), portableCiphers(), profile)) {
        return { unavailable: `${found.cryptoName} gives other results than node:crypto for ${profile}` };
      }
    }
    const problem = probeSockets(found.libc);
    return problem === undefined ? found : { unavailable: problem };
  } catch (error) {
    return { unavailable: error instanceof Error ? error.message : String(error) };
  }
}

/** Says whether a packet sealed by one provider is the same from the other, and is opened again. */
function sealsAlike(native: CipherProvider, portable: CipherProvider, profile: SrtpProfile): boolean {
  const { keyLength, saltLength, tagLength } = SRTP_PARAMETERS[profile];
  const key = Uint8Array.from({ length: keyLength }, (_, i) => i);
  const salt = Uint8Array.from({ length: saltLength }, (_, i) => 255 - i);
  const sealed = [native, portable].map((provider) => {
    const cipher = provider.create(profile, key, salt);
    try {
      const bytes = Uint8Array.from({ length: PROBE_LENGTH + tagLength }, (_, i) => i & 0xff);
      const length = cipher.sealRtp(bytes, PROBE_HEADER, PROBE_LENGTH, 0x12345678, 0x10001);
      const copy = bytes.slice();
      return { bytes: copy, opened: cipher.openRtp(bytes, PROBE_HEADER, length, 0x12345678, 0x10001) };
    } finally {
      cipher.close();
    }
  });
  const [ours, theirs] = sealed;
  return ours!.opened === PROBE_LENGTH && theirs!.bytes.every((byte, i) => byte === ours!.bytes[i]);
}
