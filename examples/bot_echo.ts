/**
 * A bot that joins a room of a seameet server and repeats, one second later, what it hears.
 *
 * deno task build:codecs && deno run --unstable-net -A examples/bot_echo.ts ws://127.0.0.1:3001 lobby
 */
import { joinRoom, type RemoteParticipant, type RoomMembership } from "../mod.ts";

const SAMPLE_RATE = 48_000;

/** Repeats what it hears until the membership is closed. */
export async function echo(bot: RoomMembership, delayMs = 1_000): Promise<void> {
  const delay = (SAMPLE_RATE * delayMs) / 1_000;
  // What is still to be said, all voices added up; as a ring, in which `said` is now.
  const ring = new Float32Array(2 * delay);
  let said = 0;

  const listen = async (remote: RemoteParticipant) => {
    let next = 0;
    for await (const { samples } of remote.audio()) {
      // Voices come in bursts, so each goes on where it was, unless that is far from a delay away by now.
      if (Math.abs(next - said - delay) > delay / 2) next = said + delay;
      for (const sample of samples) ring[next++ % ring.length]! += sample;
    }
  };

  await bot.publishAudio({
    sampleRate: SAMPLE_RATE,
    channels: 1,
    read(into) {
      for (let i = 0; i < into.length; i++) {
        const at = said++ % ring.length;
        into[i] = Math.max(-1, Math.min(1, ring[at]!));
        ring[at] = 0;
      }
      return into.length;
    },
  });
  for await (const remote of bot.arrivals()) {
    // Whoever encrypts from end to end cannot be heard; the stream says so.
    listen(remote).catch((error) => console.error(String(error)));
  }
}

if (import.meta.main) {
  const [url = "ws://127.0.0.1:3001", room = "lobby"] = Deno.args;
  await echo(await joinRoom({ url, room, displayName: "Echo" }));
}
