/** Stand-in for `jsr:@std/net` where JSR cannot be reached: the functions this project uses, same names and signatures. */

/** Options of {@linkcode getAvailablePort}. */
export interface GetAvailablePortOptions {
  preferredPort?: number;
}

export function getAvailablePort(options?: GetAvailablePortOptions): number {
  for (const port of [options?.preferredPort, 0]) {
    if (port === undefined) continue;
    try {
      using listener = Deno.listen({ port });
      return listener.addr.port;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
  throw new Error("No available port");
}

export function getNetworkAddress(family: "IPv4" | "IPv6" = "IPv4"): string | undefined {
  return Deno.networkInterfaces().find((i) =>
    i.family === family &&
    (family === "IPv4" ? !i.address.startsWith("127.") : !(i.address === "::1" || i.address.startsWith("fe80")))
  )?.address;
}
