import type { Millis } from "../../base/time.ts";
import type { ClientMessage } from "../../signaling/messages.ts";
import type { Core } from "../core.ts";
import type { Member } from "../member.ts";

/** A client's message by its `type`. */
export type MessageOf<Type extends ClientMessage["type"]> = Extract<ClientMessage, { type: Type }>;

/** What is done with one type of message, after sender and membership were checked. */
export type Handler<Message> = (core: Core, member: Member, message: Message, now: Millis) => void;
