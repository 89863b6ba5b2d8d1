import type { Permission } from "../signaling/messages.ts";

/** Who wants to join which room, and with what. */
export interface AuthenticateContext {
  /** The participant id the client chose: a UUID. */
  readonly participant: string;
  /** The room it wants to join. */
  readonly roomId: string;
  /** `join.token`, when the client sent one. */
  readonly token: string | undefined;
  /** The name it wants to be shown under. */
  readonly displayName: string | undefined;
  /** The client's IP address. */
  readonly remoteAddress: string;
  /** Headers of the WebSocket request, cookies included. */
  readonly headers: Headers;
}

/** What an accepted join gets. */
export interface Granted {
  /** Replaces the name the client asked for. */
  readonly displayName?: string;
  /** What it may do; `publish`, `screen` and `chat` when left out. */
  readonly permissions?: readonly Permission[];
  /**
   * The token proves that the participant id is this user's own: a join then replaces a connection that still
   * uses the id. Without it that takes the secret of the last `ready`. Never set it for a token that users share.
   */
  readonly ownsParticipant?: boolean;
}

/** What `authenticate` may answer: nothing (let in with all permissions), what is granted, or why not. */
export type AuthenticateResult =
  | void
  | { readonly ok: true }
  | Granted
  | { readonly reject: string };

/** Who sends a message, for the rate limit. */
export interface RateCheckContext {
  /** The participant; `undefined` before it has joined. */
  readonly participant: string | undefined;
  /** The client's IP address: what joins are limited by, since ids cost a client nothing. */
  readonly remoteAddress: string;
  /** The message's `type`. */
  readonly messageType: string;
}

/**
 * Decides who may join.
 *
 * @example
 * ```ts
 * import { type Authenticate, createServer } from "@seameet/cli/server";
 *
 * const users = new Map([["secret of Ada", "Ada"]]);
 * const authenticate: Authenticate = ({ token }) => {
 *   const displayName = users.get(token ?? "");
 *   return displayName === undefined ? { reject: "Log in first" } : { displayName, permissions: ["publish", "chat"] };
 * };
 * await using server = await createServer({ ws: "127.0.0.1:0", udpPort: 0, authenticate });
 * console.log(`Listening on port ${server.wsAddress.port}`);
 * ```
 */
export type Authenticate = (context: AuthenticateContext) => AuthenticateResult | Promise<AuthenticateResult>;

/**
 * Says whether a message may pass; `false` drops it.
 *
 * @example
 * ```ts
 * import { createServer, type RateCheck, tokenBucket } from "@seameet/cli/server";
 *
 * const [joins, others] = [tokenBucket({ capacity: 5, refillPerSecond: 0.1 }), tokenBucket({ capacity: 200, refillPerSecond: 200 })];
 * const rateCheck: RateCheck = (context) => context.messageType === "join" ? joins(context) : others(context);
 * await using server = await createServer({
 *   ws: "127.0.0.1:0",
 *   udpPort: 0,
 *   allowUnauthenticatedJoins: true,
 *   rateCheck,
 * });
 * console.log(`Listening on port ${server.wsAddress.port}`);
 * ```
 */
export type RateCheck = (context: RateCheckContext) => boolean | Promise<boolean>;

/**
 * What a participant may do when the hook names nothing; `moderate` must be granted by name.
 *
 * @example
 * ```ts
 * import { type Authenticate, DEFAULT_PERMISSIONS } from "@seameet/cli/server";
 * import { assertEquals } from "@std/assert";
 *
 * const authenticate: Authenticate = ({ token }) =>
 *   token === "host" ? { permissions: [...DEFAULT_PERMISSIONS, "moderate"] } : undefined;
 * assertEquals(DEFAULT_PERMISSIONS.includes("moderate"), false);
 * assertEquals(typeof authenticate, "function");
 * ```
 */
export const DEFAULT_PERMISSIONS: readonly Permission[] = ["publish", "screen", "chat"];
