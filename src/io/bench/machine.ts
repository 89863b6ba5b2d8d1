import type { Engine } from "../native/choose_engine.ts";

/** What the figures were taken on; says nothing about whose machine it is. */
export interface Machine {
  /** The processor's name, or its architecture where the system does not tell. */
  readonly processor: string;
  /** Threads of execution that this process sees. */
  readonly cores: number;
  /** Operating system with the release of its kernel. */
  readonly system: string;
  /** Version of the runtime. */
  readonly deno: string;
  /** The engine that `serve` would take, and why. */
  readonly engine: string;
  /** Load average of the last minute when the benchmark began; `undefined` where the system has none. */
  readonly loadAverage: number | undefined;
  /** Others are using the processor, so that figures may be worse than the machine can do. */
  readonly busy: boolean;
}

/** Load per core above which a machine counts as busy. */
const BUSY_LOAD_PER_CORE = 0.25;

/** Describes this machine. */
export function describeMachine(engine: Engine): Machine {
  const { os, arch } = Deno.build;
  const cores = navigator.hardwareConcurrency;
  const loadAverage = os === "windows" ? undefined : ask({ name: "sys", kind: "loadavg" }, () => Deno.loadavg()[0]);
  const release = ask({ name: "sys", kind: "osRelease" }, () => Deno.osRelease());
  return {
    processor: ask({ name: "read", path: "/proc/cpuinfo" }, processorName) ?? arch,
    cores,
    system: release === undefined ? os : `${os} ${release}`,
    deno: Deno.version.deno,
    engine: engine.why,
    loadAverage,
    busy: loadAverage !== undefined && loadAverage > BUSY_LOAD_PER_CORE * cores,
  };
}

function processorName(): string | undefined {
  return /^model name\s*:\s*(.+)$/m.exec(Deno.readTextFileSync("/proc/cpuinfo"))?.[1]?.trim();
}

/** Asks without a prompt: what is not granted or not there is left out. */
function ask<T>(permission: Deno.PermissionDescriptor, look: () => T): T | undefined {
  if (Deno.permissions.querySync(permission).state !== "granted") return undefined;
  try {
    return look();
  } catch {
    return undefined;
  }
}
