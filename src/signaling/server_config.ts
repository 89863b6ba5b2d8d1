/**
 * What a server wants of end-to-end encryption: `off` leaves it to people, who have to choose it; `default` has it on unless
 * they switch it off; `required` removes members without it.
 */
export type E2eeMode = "off" | "default" | "required";

/** What a server tells clients before they join, at {@linkcode SERVER_CONFIG_PATH}. */
export interface ServerConfig {
  /** What it wants of end-to-end encryption. */
  readonly e2ee: E2eeMode;
}

/** Path of the server's {@linkcode ServerConfig}, in JSON, readable from pages of any origin. */
export const SERVER_CONFIG_PATH = "/seameet.json";
