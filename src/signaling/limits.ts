/**
 * Largest text frame a client may send, in bytes.
 *
 * It must hold the largest SDP (`MAX_SDP_LENGTH`) with its line ends escaped, which adds a tenth, and the message around it.
 */
export const MAX_FRAME_BYTES = 600 * 1024;

/**
 * Longest session description, in characters.
 *
 * A browser's first offer has about 40 kB and grows by 5 kB with each pair of m-lines, so this holds some 95
 * participants on one connection; reading it takes a few milliseconds.
 */
export const MAX_SDP_LENGTH = 512 * 1024;

/** Longest ICE candidate line in characters; real ones have up to 250, and nothing of it is kept. */
export const MAX_CANDIDATE_LENGTH = 1_024;

/** Longest `mid` of an m-line: browsers use up to 3 characters, and RFC 8843 wants it to fit a header extension of 16 bytes. */
export const MAX_MID_LENGTH = 16;

/** Highest index of an m-line in `ice_candidate`, a 16-bit number on the wire. */
export const MAX_MLINE_INDEX = 65_535;

/** Longest room name in characters by default, as clients of the basic protocol expect. */
export const DEFAULT_MAX_ROOM_ID_LENGTH = 64;

/** Longest display name in characters by default; longer ones are cut, not refused. */
export const DEFAULT_MAX_DISPLAY_NAME_LENGTH = 64;

/** The longest room and display name that a server can allow: more than a screen shows, and snapshots of a room repeat them. */
export const LONGEST_NAME = 256;

/** Longest credential in `join.token`; a signed token with its claims has 1 to 3 kB. */
export const MAX_TOKEN_LENGTH = 8_192;

/** Longest `join.resume`; ours have 32 characters. */
export const MAX_RESUME_LENGTH = 128;

/** Milliseconds a server keeps the session of a member whose connection was lost, as long as the media path lives. */
export const RESUME_WINDOW_MS = 30_000;

/** Counted messages that are kept for a member that may have missed them: three changes of key in a room of 25, and the chat. */
export const MAX_REPLAYED_MESSAGES = 256;

/** Bytes of those messages; chat is shared by all members of a room, sealed keys are not. */
export const MAX_REPLAYED_BYTES = 131_072;

/** Most words in `join.capabilities`; two are known, the rest is room for later ones. */
export const MAX_CAPABILITIES = 32;

/** Longest word in `join.capabilities`. */
export const MAX_CAPABILITY_LENGTH = 64;

/** Most entries in `offer.tracks`: a microphone, a camera, a screen with sound, and all the retired lines of earlier shares. */
export const MAX_OFFERED_TRACKS = 64;

/** Most entries in `subscribe.tracks`: two pictures each of a large room's members. */
export const MAX_SUBSCRIBED_TRACKS = 256;

/** Largest side of a picture in `subscribe`, in pixels. */
export const MAX_PICTURE_SIDE = 16_384;

/** Highest `priority` in `subscribe`. */
export const MAX_PRIORITY = 10;

/** Most members of a room by default; what a full mesh of tiles can show and what the basic protocol promises. */
export const DEFAULT_MAX_ROOM_MEMBERS = 25;

/**
 * Lines for microphones that a receiver has at most by default.
 *
 * More voices at once are noise to people, and each line is a decoder and 60 kbit/s.
 */
export const DEFAULT_AUDIO_SLOTS = 8;

/** Cameras that a receiver is sent at most by default: seven rows of seven, the most that one screen shows. */
export const DEFAULT_LAST_N = 49;

/** The most that `audioSlots` and `lastN` can be set to: the members of the largest room. */
export const MAX_SLOTS = 10_000;

/** Rooms one connection may be in at a time; the known clients use one. */
export const MAX_ROOMS_PER_CONNECTION = 8;

/** Rooms at a time by default, so that made-up room names cannot use up the memory. */
export const DEFAULT_MAX_ROOMS = 1_000;

/** TCP connections at a time by default; an idle one costs a few ten kilobytes and three file descriptors. */
export const DEFAULT_MAX_CONNECTIONS = 10_000;

/**
 * TCP connections at a time from one address by default.
 *
 * A quarter of all: whole offices and undeclared proxies share an address, and whoever fills it leaves room for the rest.
 */
export const DEFAULT_MAX_CONNECTIONS_PER_ADDRESS = 2_500;

/** Chat messages a room keeps by default, oldest dropped first; 0 means no bound but the one in bytes. */
export const DEFAULT_MAX_CHAT_HISTORY = 1_000;

/**
 * Bytes of chat a room keeps, whatever the number of messages.
 *
 * All of it is sent to everybody who joins, at once: it must stay well below what may wait for one connection
 * (2 MB), and it holds the default number of messages of 200 characters.
 */
export const MAX_CHAT_HISTORY_BYTES = 1_100_000;

/** Longest chat text in characters; encryption and base64 make four out of three bytes, so it holds 12,000 encrypted letters. */
export const MAX_CHAT_LENGTH = 16_384;

/** Longest emoji in characters: the largest in use, a kissing couple with two skin tones, has 10 code points. */
export const MAX_EMOJI_LENGTH = 16;

/** Reactions a member may send at once, and how many a second for long: more than that hides the pictures. */
export const REACTION_BURST = 5;
export const REACTIONS_PER_SECOND = 2;

/** Latest timestamp accepted, in milliseconds: the year 9999, so that every client can show it as a date. */
export const MAX_TIMESTAMP_MS = 253_402_300_799_999;

/** Base64 characters of a public key: a P-256 point has 65 bytes (88 characters), larger curves and hybrid keys up to 1,500 bytes. */
export const MAX_PUBLIC_KEY_LENGTH = 2_048;

/** Base64 characters of a sealed media key: 60 bytes (80 characters) today. */
export const MAX_SENDER_KEY_LENGTH = 2_048;

/** Base64 characters of a signature: 64 bytes for P-256 and Ed25519, up to 4,627 bytes for the post-quantum ones. */
export const MAX_SIGNATURE_LENGTH = 8_192;

/** How often the same public key is passed on to one recipient: 2 or 3 times end the old client's storm and complete its exchange. */
export const MAX_KEY_REPEATS = 3;

/** Milliseconds a connection may stay without having joined a room. */
export const UNJOINED_TIMEOUT_MS = 30_000;

/** Milliseconds a member of a room that requires end-to-end encryption has for its first public key. */
export const DEFAULT_E2EE_JOIN_TIMEOUT_MS = 5_000;

/** Messages a second one participant may send for long: a storm of encryption keys stays below, a flood does not. */
export const DEFAULT_MESSAGES_PER_SECOND = 200;

/** Messages a participant may send at once: an offer and its 64 candidates, three times over. */
export const DEFAULT_MESSAGE_BURST = 200;

/**
 * Of those, messages of a member that everybody in the room is told of (chat, mutes, hands, shares, comings and goings), and
 * how many at once: a hundred bytes become the state of the whole room for each of its members, and whoever has a slow
 * line would be cut off as too slow.
 */
export const LOUD_MESSAGES_PER_SECOND = 20;
export const LOUD_MESSAGE_BURST = 120;

/** Largest unsigned 32-bit number, for `key_id`, `track_id`, `width`, `height` and `fps`. */
export const MAX_U32 = 0xffffffff;
