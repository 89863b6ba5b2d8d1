/** Pixels of `BLACK_PICTURE`. */
export const BLACK_WIDTH = 640;
/** Pixels of `BLACK_PICTURE`. */
export const BLACK_HEIGHT = 360;

/**
 * A black VP8 keyframe of 640 × 360: what a recording shows while a camera is off, so that its track goes on and the
 * sound beside it is written.
 *
 * Made by `ffmpeg -f lavfi -i color=black:s=640x360:r=1 -frames:v 1 -c:v libvpx`; nearly all of it repeats.
 */
export const BLACK_PICTURE: Uint8Array<ArrayBuffer> = Uint8Array.fromBase64(
  "UDMAnQEqgAJoAQhHCIWFiIWEiCwCAAYWBPcGgWSfa9ub" + "Jzh7".repeat(128) + "JzeA/u6gQA==",
);
