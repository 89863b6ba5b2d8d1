/// <reference lib="deno.worker" />
/**
 * The two ends of a made-up link, in a thread of its own so that a busy server does not slow the network down.
 *
 * Two TUN devices, one of which is then moved into another namespace; what is read from one is written to the other,
 * after the wait that the link's rate, queue and delay make.
 */
import type { LinkCommand, LinkRate, LinkReport, LinkSample } from "./tun_link.ts";

const libc = Deno.dlopen("libc.so.6", {
  open: { parameters: ["buffer", "i32"], result: "i32" },
  ioctl: { parameters: ["i32", "u64", "buffer"], result: "i32" },
  fcntl: { parameters: ["i32", "i32", "i32"], result: "i32" },
  read: { parameters: ["i32", "buffer", "usize"], result: "isize" },
  write: { parameters: ["i32", "buffer", "usize"], result: "isize" },
  close: { parameters: ["i32"], result: "i32" },
  poll: { parameters: ["buffer", "u64", "i32"], result: "i32", nonblocking: true },
});
const { symbols } = libc;
const [O_RDWR, F_SETFL, O_NONBLOCK, IFF_TUN_NO_PI, POLLIN] = [2, 4, 0x800, 0x1001, 1];
const TUNSETIFF = 0x400454can;
/** `poll` returns after this long, so that the loop can end. */
const POLL_MS = 50;
/** Larger than any packet of a device whose MTU is 1,500. */
const MAX_PACKET = 2_048;

function openTun(name: string): number {
  const fd = symbols.open(new TextEncoder().encode("/dev/net/tun\0"), O_RDWR);
  const request = new Uint8Array(40); // struct ifreq: name[16], flags
  new TextEncoder().encodeInto(name, request);
  new DataView(request.buffer).setInt16(16, IFF_TUN_NO_PI, true);
  if (fd < 0 || symbols.ioctl(fd, TUNSETIFF, request) < 0) throw new Error(`Cannot open the TUN device ${name}: root?`);
  symbols.fcntl(fd, F_SETFL, O_NONBLOCK);
  return fd;
}

/** One direction: a bottleneck with a queue in front of it, and a delay behind it. */
class Pipe {
  rate: LinkRate = { kbps: Infinity, queueMs: 0, delayMs: 0 };
  samples: LinkSample[] = [];
  readonly #to: number;
  readonly #waiting: { readonly at: number; readonly packet: Uint8Array<ArrayBuffer> }[] = [];
  #free = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(to: number) {
    this.#to = to;
  }

  carry(packet: Uint8Array<ArrayBuffer>): void {
    const now = performance.now();
    const { kbps, queueMs, delayMs } = this.rate;
    const start = Math.max(now, this.#free);
    const isLost = start - now > queueMs && kbps !== Infinity;
    this.samples.push({ at: performance.timeOrigin + now, bytes: packet.length, queueMs: start - now, isLost });
    if (isLost) return;
    this.#free = start + (packet.length * 8) / kbps;
    this.#waiting.push({ at: this.#free + delayMs, packet });
    this.#arm();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#waiting.length = 0;
  }

  #arm(): void {
    const first = this.#waiting[0];
    if (first === undefined || this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      const now = performance.now() + 0.5;
      while (this.#waiting[0] !== undefined && this.#waiting[0].at <= now) {
        const { packet } = this.#waiting.shift()!;
        symbols.write(this.#to, packet, BigInt(packet.length));
      }
      this.#arm();
    }, Math.max(0, first.at - performance.now()));
  }
}

let fds: number[] = [];
let pipes: Pipe[] = [];
let running = false;
let ended: Promise<void> = Promise.resolve();

async function carryAll(): Promise<void> {
  const watch = new Int32Array([fds[0]!, POLLIN, fds[1]!, POLLIN]); // two struct pollfd
  const buffer = new Uint8Array(MAX_PACKET);
  while (running) {
    await symbols.poll(watch, 2n, POLL_MS);
    for (const [side, pipe] of pipes.entries()) {
      for (;;) {
        const length = Number(symbols.read(fds[side]!, buffer, BigInt(MAX_PACKET)));
        if (length <= 0) break;
        pipe.carry(buffer.slice(0, length));
      }
    }
  }
}

async function handle(command: LinkCommand): Promise<LinkReport> {
  switch (command.kind) {
    case "open":
      fds = command.devices.map(openTun);
      pipes = [new Pipe(fds[1]!), new Pipe(fds[0]!)];
      running = true;
      ended = carryAll();
      break;
    case "rate":
      pipes[command.side]!.rate = command.rate;
      break;
    case "samples": {
      const { samples } = pipes[0]!;
      pipes[0]!.samples = [];
      return { samples };
    }
    case "close":
      running = false;
      await ended;
      for (const pipe of pipes) pipe.stop();
      for (const fd of fds) symbols.close(fd);
      libc.close();
      break;
  }
  return { samples: [] };
}

self.onmessage = async ({ data }: MessageEvent<LinkCommand>) => {
  self.postMessage(await handle(data));
};
