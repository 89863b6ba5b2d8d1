/** How often the microphone is looked at. */
const INTERVAL_MS = 100;

/** Louder than this, in dB of full scale, is taken for speech. */
const SPEECH_DB = -42;

/** So many looks in a row: a cough or a door is shorter. */
const LOOKS = 4;

/** How long after the last hint nothing more is said. */
const QUIET_MS = 15_000;

/**
 * Listens to a muted microphone on this machine and calls back when somebody speaks into it.
 *
 * A muted track is silent, so a clone of it is listened to; nothing of that leaves the page. Ends with the returned function.
 */
export function watchVoice(track: MediaStreamTrack, onSpeech: () => void): () => void {
  const clone = track.clone();
  clone.enabled = true;
  const context = new AudioContext();
  const analyser = new AnalyserNode(context, { fftSize: 1_024 });
  context.createMediaStreamSource(new MediaStream([clone])).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  let [loud, silentUntil] = [0, 0];
  const timer = setInterval(() => {
    analyser.getFloatTimeDomainData(samples);
    loud = decibels(samples) > SPEECH_DB ? loud + 1 : 0;
    if (loud < LOOKS || performance.now() < silentUntil) return;
    silentUntil = performance.now() + QUIET_MS;
    onSpeech();
  }, INTERVAL_MS);
  return () => {
    clearInterval(timer);
    clone.stop();
    void context.close();
  };
}

function decibels(samples: Float32Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  return 10 * Math.log10(sum / samples.length + 1e-10);
}
