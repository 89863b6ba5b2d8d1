import type { SubscribeMessage } from "../../signaling/quality_messages.ts";
import { wishesOf } from "../viewer.ts";
import type { Handler } from "./handler.ts";

/** What a viewer can use: kept as long as it is a member, and acted upon at once. */
export const subscribe: Handler<SubscribeMessage> = (_core, member, message, now) => {
  member.wishes = wishesOf(message.tracks);
  member.peer?.viewer.allocate(now);
  for (const other of member.room.members.values()) other.layers.update(now);
};
