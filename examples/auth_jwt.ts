/**
 * A server that asks for a JSON Web Token: room, name, permissions and the time until which it holds are in it.
 *
 * deno task build:web && JWT_SECRET="32 bytes or more" deno run --unstable-net -A examples/auth_jwt.ts
 */
import { fileURLToPath } from "node:url";
import { jwtVerify, SignJWT } from "jose";
import { type Authenticate, createServer, directorySource, type Permission, staticFiles } from "../server.ts";

const AUDIENCE = "seameet";
const PERMISSIONS: readonly Permission[] = ["publish", "screen", "chat", "moderate"];
/** RFC 7518 section 3.2: a key for HS256 has the length of its hash at least. */
const MIN_SECRET_BYTES = 32;

/** What a token allows. */
export interface Ticket {
  readonly room: string;
  readonly name: string;
  readonly may: readonly Permission[];
  /** The id of the only participant who may use it; absent: whoever has the token. */
  readonly participant?: string;
}

/** What whoever knows your users does, mostly a server of its own: it hands out a token after the login. */
export async function issueToken(secret: Uint8Array, ticket: Ticket, expires: string | Date = "1h"): Promise<string> {
  const { participant, ...claims } = ticket;
  const token = new SignJWT({ ...claims }).setProtectedHeader({ alg: "HS256" }).setAudience(AUDIENCE);
  if (participant !== undefined) token.setSubject(participant);
  return await token.setIssuedAt().setExpirationTime(expires).sign(secret);
}

/**
 * What the meeting server does: lets in whom a valid token names.
 *
 * With a login service that signs with a key pair, `createRemoteJWKSet` of the same package takes the place of the secret.
 */
export function authenticateByJwt(secret: Uint8Array): Authenticate {
  return async ({ token, roomId, participant }) => {
    // The algorithm is fixed here: what the token says of that is the word of whoever made it.
    const verified = await jwtVerify(token ?? "", secret, {
      algorithms: ["HS256"],
      audience: AUDIENCE,
      requiredClaims: ["exp", "room", "name", "may"],
    }).catch(() => undefined);
    if (verified === undefined) return { reject: "This access code is not valid (any more)" };
    const { room, name, may, sub } = verified.payload;
    if (room !== roomId) return { reject: "This access code is for another room" };
    if (sub !== undefined && sub !== participant) return { reject: "This access code is somebody else's" };
    return {
      displayName: String(name),
      permissions: PERMISSIONS.filter((permission) => Array.isArray(may) && may.includes(permission)),
      // Only a token for this very id proves that whoever still uses the id may be replaced.
      ownsParticipant: sub === participant,
    };
  };
}

if (import.meta.main) {
  const secret = new TextEncoder().encode(Deno.env.get("JWT_SECRET") ?? "");
  if (secret.length < MIN_SECRET_BYTES) throw new Error(`JWT_SECRET must have ${MIN_SECRET_BYTES} bytes or more`);
  const server = await createServer({
    ws: `127.0.0.1:${Deno.args[0] ?? 3001}`,
    udpPort: 0,
    authenticate: authenticateByJwt(secret),
    handleHttp: staticFiles(directorySource(fileURLToPath(new URL("./meet/dist", import.meta.url)))),
  });
  console.log(`Open http://localhost:${server.wsAddress.port}/room/lobby with one of these access codes:`);
  console.log(`Ada, moderator: ${await issueToken(secret, { room: "lobby", name: "Ada", may: PERMISSIONS })}`);
  console.log(`Ben, only chat: ${await issueToken(secret, { room: "lobby", name: "Ben", may: ["chat"] })}`);
  await server.finished;
}
