import { type ReactNode, useEffect, useRef } from "react";
import type { Speakers } from "../state/speakers.ts";

/** Shows a video track. Always silent: sound has elements of its own, which play also while there is no picture. */
export function VideoView({ track, className }: { track: MediaStreamTrack | null; className: string }): ReactNode {
  const element = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    const video = element.current;
    if (video === null) return;
    video.srcObject = track === null ? null : new MediaStream([track]);
    // Interrupted by the next track or by leaving the page; muted video needs no permission.
    if (track !== null) void video.play().catch(() => {});
    return () => {
      video.srcObject = null;
    };
  }, [track]);
  return <video ref={element} data-testid="video-element" className={className} autoPlay playsInline muted />;
}

/** Plays an audio track. */
export function AudioView({ track, speakers }: { track: MediaStreamTrack; speakers: Speakers }): ReactNode {
  const element = useRef<HTMLAudioElement>(null);
  useEffect(() => {
    const audio = element.current;
    if (audio === null) return;
    audio.srcObject = new MediaStream([track]);
    const remove = speakers.add(audio);
    return () => {
      remove();
      audio.srcObject = null;
    };
  }, [track, speakers]);
  return <audio ref={element} data-testid="audio-element" />;
}
