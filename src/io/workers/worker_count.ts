import { SeaMeetError } from "../../base/errors.ts";

/** The most workers of one server: more than common machines have cores. */
export const MAX_WORKERS = 256;

/** How many cores `workers` means on this machine. @throws {SeaMeetError} `config` */
export function countWorkers(workers: number | "auto"): number {
  if (workers === "auto") return Math.min(MAX_WORKERS, Math.max(1, navigator.hardwareConcurrency));
  if (Number.isInteger(workers) && workers >= 1 && workers <= MAX_WORKERS) return workers;
  const text = `Cannot run ${workers} workers: give a whole number from 1 to ${MAX_WORKERS}, or auto`;
  throw new SeaMeetError("config", text);
}

/** Reads the value of `--workers`; `undefined` when it cannot be. */
export function readWorkers(text: string): number | "auto" | undefined {
  if (text === "auto") return text;
  const count = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  return count >= 1 && count <= MAX_WORKERS ? count : undefined;
}
