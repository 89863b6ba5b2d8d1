import type { E2eeOptions } from "../../src/client/mod.ts";

/** Encryption with the worker that the build has put beside the page. */
export function encryptionOptions(): E2eeOptions {
  const meta = document.querySelector<HTMLMetaElement>('meta[name="seameet-e2ee-worker"]');
  return { mode: "on", worker: new URL(meta?.content ?? "", location.href) };
}
