/**
 * A server that hands what people say to a function, cut where they pause, as recognition of speech wants it: mono, 16 kHz.
 *
 * deno task build:web && deno task build:codecs && deno run --unstable-net -A examples/transcribe_hook.ts
 */
import { fileURLToPath } from "node:url";
import {
  AudioFifo,
  createServer,
  directorySource,
  type PcmFrame,
  type Room,
  type RoomParticipant,
  type SeaMeetServer,
  staticFiles,
  VoiceActivity,
} from "../mod.ts";

/** Something said, from a moment before it begins until a moment after it ends. */
export interface Utterance {
  readonly room: string;
  readonly speaker: string;
  /** `sampleRate` is 16,000, `channels` is 1. */
  readonly sound: PcmFrame;
  /** The speaker goes on: this was cut because it got long. */
  readonly more: boolean;
}

/** Gets what was said. Nobody waits for it, so slow work needs a queue. */
export type Transcribe = (utterance: Utterance) => void | Promise<void>;

const SAMPLE_RATE = 16_000;
/** What is kept of the quiet before speech: it takes a moment to be recognised, and soft sounds come first. */
const BEFORE = 0.3 * SAMPLE_RATE;
/** Longer speech is handed over in parts. */
const LONGEST = 15 * SAMPLE_RATE;

/** Follows all rooms of a server until it closes. */
export async function transcribeServer(server: SeaMeetServer, transcribe: Transcribe): Promise<void> {
  for await (const event of server.events()) {
    const room = event.type === "roomCreated" ? server.room(event.roomId)?.open() : undefined;
    if (room !== undefined) void transcribeRoom(room, transcribe);
  }
}

/** Follows everybody in a room until it ends. */
export async function transcribeRoom(room: Room, transcribe: Transcribe): Promise<void> {
  for await (const participant of room.arrivals()) {
    // Whoever encrypts from end to end cannot be heard, and the stream says so.
    listen(room.id, participant, transcribe).catch((error) => console.error(String(error)));
  }
}

async function listen(room: string, participant: RoomParticipant, transcribe: Transcribe): Promise<void> {
  const speaker = participant.displayName ?? participant.participantId;
  const voice = new VoiceActivity();
  const fifo = new AudioFifo({ sampleRate: SAMPLE_RATE, channels: 1, maxMs: 20_000 });
  const take = (count: number) => {
    const samples = new Float32Array(Math.max(0, count));
    fifo.readInto(samples);
    return { samples, sampleRate: SAMPLE_RATE, channels: 1 };
  };
  const tell = async (more: boolean) => await transcribe({ room, speaker, sound: take(fifo.available), more });
  const failed = (error: unknown) => console.error(String(error));
  let speaking = false;
  for await (const frame of participant.audio()) {
    voice.processAudio(frame);
    fifo.push(frame);
    if (speaking && !voice.speaking) tell(false).catch(failed);
    else if (!voice.speaking) take(fifo.available - BEFORE);
    else if (fifo.available >= LONGEST) tell(true).catch(failed);
    speaking = voice.speaking;
  }
  if (speaking) await tell(false);
}

if (import.meta.main) {
  const server = await createServer({
    ws: `127.0.0.1:${Deno.args[0] ?? 3001}`,
    udpPort: 0,
    allowUnauthenticatedJoins: true,
    handleHttp: staticFiles(directorySource(fileURLToPath(new URL("./meet/dist", import.meta.url)))),
  });
  console.log(`Open http://localhost:${server.wsAddress.port}/ and speak`);
  await transcribeServer(server, ({ room, speaker, sound }) => {
    console.log(`${room}: ${speaker} spoke for ${(sound.samples.length / sound.sampleRate).toFixed(1)} s`);
  });
}
