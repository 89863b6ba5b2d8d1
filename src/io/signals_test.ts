import { assertEquals } from "@std/assert";
import { until } from "../../tests/interop/raw_client.ts";
import { onEndSignal } from "./signals.ts";

Deno.test(
  "onEndSignal() takes signals that come together as one wish",
  { ignore: Deno.build.os === "windows" },
  async () => {
    const seen: [string, number][] = [];
    const stop = onEndSignal((signal, count) => seen.push([signal, count]));
    let raw = 0;
    const counter = () => raw++;
    Deno.addSignalListener("SIGHUP", counter);
    try {
      Deno.kill(Deno.pid, "SIGTERM");
      await until("the first has come", () => seen.length === 1);
      Deno.kill(Deno.pid, "SIGHUP");
      await until("the second has come", () => raw === 1);
      assertEquals(seen, [["SIGTERM", 1]]);
    } finally {
      Deno.removeSignalListener("SIGHUP", counter);
      stop();
      stop();
    }
  },
);
