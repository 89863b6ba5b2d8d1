// The phantom properties exist for the compiler only: it tells one kind of id from another where they are known.

/** A member of a room: a UUID in lower-case hyphenated form. */
export type ParticipantId = string & { readonly __brand?: "participant" };
/** A room's name on the wire. */
export type RoomId = string & { readonly __brand?: "room" };
/** A track that is sent from this process, numbered by it. */
export type TrackId = number & { readonly __brand?: "track" };
/** One WebSocket, numbered by the server. */
export type ConnectionId = number & { readonly __brand?: "connection" };
/** One media path (ICE, DTLS, SRTP), numbered by the server. */
export type PeerId = number & { readonly __brand?: "peer" };

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Reads a participant id: any hyphenated UUID, brought to lower case; `undefined` for everything else. */
export function parseParticipantId(text: string): ParticipantId | undefined {
  return UUID.test(text) ? text.toLowerCase() : undefined;
}
