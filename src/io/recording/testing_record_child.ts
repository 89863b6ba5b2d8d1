/** Records a clip, as fast as time can be made to pass, and says after each second of it so; never ends by itself. */
import { Vp8Packetizer } from "../../processing/vp8_packetizer.ts";
import { ntpFromUnix } from "../../base/time.ts";
import { TestClock } from "../testing_clock.ts";
import { RoomRecorder } from "./room_recorder.ts";

const [directory, clipPath] = Deno.args as [string, string];
const clip = JSON.parse(await Deno.readTextFile(clipPath)) as { audio: string[]; video: { data: string }[] };
const participant = "11111111-1111-4111-8111-111111111111";
const clock = new TestClock();
const recorder = await RoomRecorder.start({ directory, roomId: "kill", clock });
recorder.participantJoined(participant);
const audio = recorder.track(participant, { source: "microphone", codec: "opus" });
const video = recorder.track(participant, { source: "camera", codec: "VP8" });
const packetizer = new Vp8Packetizer();
for (let second = 0; second < 10; second++) {
  const ntp = ntpFromUnix(1_700_000_000_000 + second * 1000);
  audio.onSenderReport({ ntp, rtpTimestamp: second * 48_000 });
  video.onSenderReport({ ntp, rtpTimestamp: second * 90_000 });
  for (let i = 0; i < 50; i++) {
    const n = second * 50 + i;
    const payload = Uint8Array.fromBase64(clip.audio[n]!);
    audio.onPacket({ sequenceNumber: n, timestamp: n * 960, marker: false, payload });
    if (i % 5 < 3) {
      const picture = second * 30 + Math.floor(i / 5) * 3 + (i % 5);
      const data = Uint8Array.fromBase64(clip.video[picture]!.data);
      for (const packet of packetizer.packetize({ data }, picture * 3_000)) video.onPacket(packet);
    }
    await clock.advance(20);
  }
  console.log(`second ${second}`);
}
// Killed here: what was not written by now is lost.
await new Promise((resolve) => setTimeout(resolve, 3_600_000));
