/** What a published track shows or sounds: the same words as on the wire. */
export type TrackSource = "microphone" | "camera" | "screen" | "screen_audio";

/** The two kinds of media an m-line carries. */
export type MediaKind = "audio" | "video";

/** Every source, in the order in which lines are given to them. */
export const TRACK_SOURCES: readonly TrackSource[] = ["microphone", "camera", "screen", "screen_audio"];

/** The kind of media a source is. */
export function kindOf(source: TrackSource): MediaKind {
  return source === "microphone" || source === "screen_audio" ? "audio" : "video";
}

/** What a picture shows. */
export type VideoTrackKind = "camera" | "screen";
