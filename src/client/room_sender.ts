import type { ParticipantId, RoomId } from "../base/ids.ts";
import type {
  ChatMessage,
  E2eePublicKeyMessage,
  E2eeSenderKeyMessage,
  ModerationAction,
  OfferedTrack,
} from "../signaling/messages.ts";
import type { Continuity } from "../signaling/continuity.ts";
import type { NumberedMessage } from "../signaling/numbered.ts";
import type { SignalingLink } from "../signaling/signaling_link.ts";
import type { OwnMedia } from "./own_media.ts";
import type { VideoConfig } from "./types.ts";
import type { TrackView } from "./views.ts";

/** What the messages of one participant in one room have in common. */
export interface SenderIdentity {
  /** Our id. */
  readonly id: ParticipantId;
  /** The room. */
  readonly roomId: RoomId;
  /** Our name. */
  readonly displayName: string;
}

/** Writes the messages of one participant in one room. All return `false` when there is no open connection. */
export class RoomSender {
  #link: SignalingLink;
  #identity: SenderIdentity;
  #continuity: Continuity;

  /** Creates a sender over `link`. */
  constructor(link: SignalingLink, identity: SenderIdentity, continuity: Continuity) {
    this.#link = link;
    this.#continuity = continuity;
    this.#identity = identity;
  }

  /** Asks to be taken in, and where we were in the room before, to go on there. */
  join(token: string | undefined): boolean {
    const { id, roomId, displayName } = this.#identity;
    return this.#link.send({
      type: "join",
      participant: id,
      room_id: roomId,
      display_name: displayName,
      ...(token === undefined ? {} : { token }),
      capabilities: ["track_map", "resume"],
      ...this.#continuity.joinFields,
    });
  }

  /** Says goodbye. */
  leave(): boolean {
    return this.#link.send({ type: "leave", participant: this.#identity.id, room_id: this.#identity.roomId });
  }

  /** Tells which of our devices are off. */
  mutes(own: OwnMedia): boolean {
    const ids = this.#ids();
    this.#link.send({ type: own.videoMuted ? "mute_video" : "unmute_video", ...ids });
    return this.#link.send({ type: own.audioMuted ? "mute_audio" : "unmute_audio", ...ids });
  }

  /** Offers media. */
  offer(sdp: string, tracks: OfferedTrack[]): boolean {
    return this.#link.send({ type: "offer", ...this.#ids(), sdp, tracks });
  }

  /** Tells an address of ours. */
  candidate({ candidate, sdpMid, sdpMLineIndex }: RTCIceCandidate): boolean {
    const line = { candidate, sdp_mid: sdpMid, sdp_mline_index: sdpMLineIndex };
    return this.#link.send({ type: "ice_candidate", ...this.#ids(), ...line });
  }

  /** Tells that our screen is shared, or no longer. */
  screenShare(active: boolean): boolean {
    const type = active ? "screen_share_started" : "screen_share_stopped";
    return this.#link.send({ type, ...this.#ids(), track_id: 0 });
  }

  /** Tells what of the others is shown, all of it. */
  subscribe(tracks: readonly TrackView[]): boolean {
    const whole = (pixels: number | undefined) => pixels === undefined ? undefined : Math.ceil(pixels);
    const list = tracks.map((view) => ({ ...view, width: whole(view.width), height: whole(view.height) }));
    return this.#link.send({ type: "subscribe", ...this.#ids(), tracks: list });
  }

  /** Tells the camera's settings. */
  videoConfig({ width, height, fps }: VideoConfig): boolean {
    return this.#link.send({ type: "video_config_changed", ...this.#ids(), width, height, fps });
  }

  /** Raises or lowers our hand. */
  hand(raised: boolean): boolean {
    return this.#link.send({ type: "hand", ...this.#ids(), raised });
  }

  /** Sends a sign for a moment. */
  reaction(emoji: string): boolean {
    return this.#link.send({ type: "reaction", ...this.#ids(), emoji });
  }

  /** Acts on another member. */
  moderate(target: ParticipantId, action: ModerationAction): boolean {
    return this.#link.send({ type: "moderate", ...this.#ids(), target, action });
  }

  /** Sends a key for end-to-end encryption. */
  key(message: E2eePublicKeyMessage | E2eeSenderKeyMessage): boolean {
    this.#continuity.sent(message);
    return this.#link.send(message);
  }

  /** Says again what the server has not heard. */
  repeat(messages: readonly NumberedMessage[]): void {
    for (const message of messages) if (message.type !== "moderated") this.#link.send(message);
  }

  /** Asks for a whole picture of somebody. */
  requestKeyframe(target: ParticipantId): boolean {
    return this.#link.send({ type: "request_keyframe", ...this.#ids(), target });
  }

  /** Sends a line of chat; `timestamp` in milliseconds since 1970, `keyId` where the content is encrypted. */
  chat(content: string, timestamp: number, keyId?: number): boolean {
    const { displayName: display_name } = this.#identity;
    const message: ChatMessage = {
      type: "chat_message",
      ...this.#ids(),
      display_name,
      content,
      timestamp,
      encrypted: keyId !== undefined,
      ...(keyId === undefined ? {} : { key_id: keyId }),
    };
    this.#continuity.sent(message);
    return this.#link.send(message);
  }

  #ids(): { from: ParticipantId; room_id: RoomId } {
    return { from: this.#identity.id, room_id: this.#identity.roomId };
  }
}
