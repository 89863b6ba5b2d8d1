import type { ServerConfig } from "../signaling/server_config.ts";

/** Everybody may know it, on pages of any origin; a server that was started anew may say something else. */
const HEADERS = { "access-control-allow-origin": "*", "cache-control": "no-store" };

/** Answers a client that asks what the server wants, before it joins. */
export function serverConfigResponse(
  choice: { readonly required?: boolean; readonly default?: boolean } = {},
): Response {
  const config: ServerConfig = { e2ee: choice.required ? "required" : choice.default ? "default" : "off" };
  return Response.json(config, { headers: HEADERS });
}
