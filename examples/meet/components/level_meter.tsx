import { type ReactNode, useEffect, useRef } from "react";
import { texts } from "../texts.ts";

const BARS = 5;

/** Shows that a microphone hears something. */
export function LevelMeter({ track }: { track: MediaStreamTrack }): ReactNode {
  const meter = useRef<HTMLSpanElement>(null);
  useEffect(() => {
    const context = new AudioContext();
    const analyser = new AnalyserNode(context, { fftSize: 512, smoothingTimeConstant: 0.6 });
    context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    let frame = 0;
    const draw = () => {
      analyser.getFloatTimeDomainData(samples);
      let sum = 0;
      for (const sample of samples) sum += sample * sample;
      // -60 dB is a silent room, -12 dB somebody close to the microphone.
      const decibels = 10 * Math.log10(sum / samples.length + 1e-9);
      const level = Math.min(1, Math.max(0, (decibels + 60) / 48));
      meter.current?.setAttribute("data-level", String(Math.round(level * BARS)));
      frame = requestAnimationFrame(draw);
    };
    draw();
    return () => {
      cancelAnimationFrame(frame);
      void context.close();
    };
  }, [track]);
  return (
    <span ref={meter} className="level" data-level="0" role="img" aria-label={texts.lobby.level}>
      {Array.from({ length: BARS }, (_, index) => <i key={index} />)}
    </span>
  );
}
