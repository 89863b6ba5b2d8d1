/**
 * Copies libopus out of its npm package into `src/codecs/opus/dist`, where the code finds it in a clone, in the published
 * package and in a compiled file. What is there already is left alone.
 *
 * Usage: `deno task build:codecs`
 */
import packed from "@evan/opus/package.json" with { type: "json" };
import { LIBOPUS_SHA256 } from "../src/codecs/opus/libopus_file.ts";

const target = new URL("../src/codecs/opus/dist/", import.meta.url);

/** The notice that belongs to libopus, which the package's licence leaves out. */
const LIBOPUS_NOTICE = `
libopus.bin contains libopus:

Copyright 2001-2011 Xiph.Org, Skype Limited, Octasic, Jean-Marc Valin, Timothy B. Terriberry, CSIRO, Gregory Maxwell,
Mark Borgerding, Erik de Castro Lopo

Redistribution and use in source and binary forms, with or without modification, are permitted provided that the
following conditions are met:

- Redistributions of source code must retain the above copyright notice, this list of conditions and the following
  disclaimer.
- Redistributions in binary form must reproduce the above copyright notice, this list of conditions and the following
  disclaimer in the documentation and/or other materials provided with the distribution.
- Neither the name of Internet Society, IETF or IETF Trust, nor the names of specific contributors, may be used to
  endorse or promote products derived from this software without specific prior written permission.

THIS SOFTWARE IS PROVIDED BY THE COPYRIGHT HOLDERS AND CONTRIBUTORS "AS IS" AND ANY EXPRESS OR IMPLIED WARRANTIES,
INCLUDING, BUT NOT LIMITED TO, THE IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS FOR A PARTICULAR PURPOSE ARE
DISCLAIMED. IN NO EVENT SHALL THE COPYRIGHT OWNER OR CONTRIBUTORS BE LIABLE FOR ANY DIRECT, INDIRECT, INCIDENTAL,
SPECIAL, EXEMPLARY, OR CONSEQUENTIAL DAMAGES (INCLUDING, BUT NOT LIMITED TO, PROCUREMENT OF SUBSTITUTE GOODS OR SERVICES;
LOSS OF USE, DATA, OR PROFITS; OR BUSINESS INTERRUPTION) HOWEVER CAUSED AND ON ANY THEORY OF LIABILITY, WHETHER IN
CONTRACT, STRICT LIABILITY, OR TORT (INCLUDING NEGLIGENCE OR OTHERWISE) ARISING IN ANY WAY OUT OF THE USE OF THIS
SOFTWARE, EVEN IF ADVISED OF THE POSSIBILITY OF SUCH DAMAGE.
`;

/** Writes the files of the codecs; returns false when they were there. */
async function packCodecs(): Promise<boolean> {
  const wasm = new URL("libopus.bin", target);
  if (await Deno.readFile(wasm).then(sha256, () => undefined) === LIBOPUS_SHA256) return false;
  const source = new URL(import.meta.resolve("@evan/opus/wasm/simd.wasm"));
  const bytes = await Deno.readFile(source);
  const digest = await sha256(bytes);
  if (digest !== LIBOPUS_SHA256) throw new Error(`@evan/opus@${packed.version} has another simd.wasm: ${digest}`);
  const licence = await Deno.readTextFile(new URL(import.meta.resolve("@evan/opus/LICENSE")));
  await Deno.mkdir(target, { recursive: true });
  await Deno.writeTextFile(new URL("LICENSE.txt", target), `${licence.trimEnd()}\n${LIBOPUS_NOTICE}`);
  // In one step: a test that runs at this moment reads all of it or nothing.
  const fresh = new URL(`libopus.bin.${Deno.pid}`, target);
  await Deno.writeFile(fresh, bytes);
  await Deno.rename(fresh, wasm);
  return true;
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

if (import.meta.main) {
  if (await packCodecs()) console.log("Copied libopus into src/codecs/opus/dist");
}
