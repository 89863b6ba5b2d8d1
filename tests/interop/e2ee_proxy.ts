/** A server between client and server, as one that cannot be trusted: it sees every message, and may change them. */
import { DeviceIdentity } from "../../src/client/e2ee/device_identity.ts";
import { toBase64 } from "../../src/client/e2ee/encoding.ts";
import { memoryIdentityStore } from "../../src/client/e2ee/identity_store.ts";
import { makeExchangeKeys, publicKeyStatement } from "../../src/client/e2ee/sealed_keys.ts";
import type { ServerMessage } from "../../src/signaling/messages.ts";

/** What is done with a message on its way to a client. */
export type Bend = (text: string) => Promise<string> | string;

/** A running proxy. */
export interface SignalingProxy extends AsyncDisposable {
  /** Its address for clients. */
  readonly url: string;
  /** All messages so far, both ways. */
  readonly seen: string[];
  bend: Bend;
  /** Gives every client the last message of a type once more, bent as it is bent now. */
  repeat(type: string): Promise<void>;
}

/** Starts a proxy in front of the server at `target` (`ws:`). */
export function startProxy(target: string): SignalingProxy {
  const clients = new Set<WebSocket>();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    const { socket, response } = Deno.upgradeWebSocket(request);
    clients.add(socket);
    const onward = new WebSocket(target);
    const early: string[] = [];
    let order: Promise<void> = Promise.resolve();
    onward.onopen = () => early.splice(0).forEach((text) => onward.send(text));
    socket.onmessage = ({ data }) => {
      proxy.seen.push(data);
      if (onward.readyState === WebSocket.OPEN) onward.send(data);
      else early.push(data);
    };
    onward.onmessage = ({ data }) => {
      proxy.seen.push(data);
      order = order.then(async () => {
        const text = await proxy.bend(data);
        if (socket.readyState === WebSocket.OPEN) socket.send(text);
      });
    };
    socket.onclose = () => {
      clients.delete(socket);
      onward.close();
    };
    onward.onclose = () => socket.close();
    return response;
  });
  const proxy: SignalingProxy = {
    url: `ws://127.0.0.1:${server.addr.port}`,
    seen: [],
    bend: (text) => text,
    async repeat(type) {
      const last = proxy.seen.findLast((text) => JSON.parse(text).type === type);
      if (last === undefined) throw new Error(`No ${type} has come yet`);
      const text = await proxy.bend(last);
      for (const socket of clients) socket.send(text);
    },
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
  return proxy;
}

/** Puts the keys of one who sits between in place of everybody's. */
export async function manInTheMiddle(): Promise<Bend> {
  const identity = await DeviceIdentity.load(memoryIdentityStore());
  const { point } = await makeExchangeKeys();
  return async (text) => {
    const message = JSON.parse(text);
    if (message.type !== "e2ee_public_key") return text;
    const signature = await identity.sign(publicKeyStatement(message.room_id, message.from, point));
    return JSON.stringify({
      ...message,
      public_key: toBase64(point),
      identity_key: toBase64(identity.publicKey),
      signature: toBase64(signature),
    });
  };
}

/** Says of two members' tracks that they are the other's. */
export function relabel(one: string, other: string): Bend {
  const swapped = new Map([[one, other], [other, one]]);
  return (text) => {
    const message: ServerMessage = JSON.parse(text);
    if (message.type !== "track_map") return text;
    const tracks = message.tracks.map((track) => ({
      ...track,
      participant: swapped.get(track.participant) ?? track.participant,
    }));
    return JSON.stringify({ ...message, tracks });
  };
}

/** Says that a member has left. */
export function hide(member: string): Bend {
  return (text) => {
    const message: ServerMessage = JSON.parse(text);
    if (message.type !== "room_status") return text;
    return JSON.stringify({ ...message, participants: message.participants.filter(({ id }) => id !== member) });
  };
}
