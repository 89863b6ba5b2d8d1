/** A screen without a monitor (Xvfb) of one colour, for browsers that share what is really there. */
import type { Colour } from "./fake_media.ts";

/** Small: the machine captures and encodes all of it. */
const WIDTH = 640;
const HEIGHT = 360;
const FRAMES_PER_SECOND = 10;
/** Away from the middle, where colours are looked at; it blinks, since of a still screen hardly any frames are sent. */
const MARK = "drawbox=w=4:h=4:c=white:t=fill:enable='mod(n,2)'";

/** Runs until it is disposed of. */
export class VirtualScreen implements AsyncDisposable {
  /** Value of `DISPLAY` for programs that are to use it. */
  readonly display: string;
  readonly #server: Deno.ChildProcess;
  #picture: Deno.ChildProcess | undefined;

  private constructor(server: Deno.ChildProcess, display: string) {
    this.#server = server;
    this.display = display;
  }

  /** Starts it, black. */
  static async start(): Promise<VirtualScreen> {
    const size = `${WIDTH}x${HEIGHT}x24`;
    const server = new Deno.Command("Xvfb", {
      args: ["-displayfd", "1", "-screen", "0", size, "-nolisten", "tcp", "-noreset"],
      stdout: "piped",
      stderr: "null",
    }).spawn();
    let said = "";
    // It says which display it has become as soon as programs can use it.
    for await (const text of server.stdout.pipeThrough(new TextDecoderStream())) {
      said += text;
      if (said.includes("\n")) return new VirtualScreen(server, `:${said.trim()}`);
    }
    throw new Error("Xvfb has ended before it had a display");
  }

  /** Fills the screen with a window of this colour, in place of the one before. */
  async shows(colour: Colour): Promise<void> {
    const hex = colour.map((value) => value.toString(16).padStart(2, "0")).join("");
    const source = `color=c=0x${hex}:s=${WIDTH / 10}x${HEIGHT / 10}:r=${FRAMES_PER_SECOND},${MARK}`;
    const picture = new Deno.Command("ffplay", {
      args: [
        ...["-v", "error", "-noborder", "-left", "0", "-top", "0", "-x", String(WIDTH), "-y", String(HEIGHT)],
        ...["-f", "lavfi", source],
      ],
      env: { DISPLAY: this.display, SDL_VIDEODRIVER: "x11", SDL_AUDIODRIVER: "dummy" },
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    await this.#endPicture();
    this.#picture = picture;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#endPicture();
    this.#server.kill();
    await this.#server.status;
  }

  async #endPicture(): Promise<void> {
    const picture = this.#picture;
    this.#picture = undefined;
    if (picture === undefined) return;
    try {
      picture.kill();
    } catch {
      // It has ended by itself.
    }
    await picture.status;
  }
}
