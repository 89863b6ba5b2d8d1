import { assert } from "@std/assert";
import { buildWeb } from "../../tools/build_web.ts";

/** What the page's scripts may take on the wire. */
const MAX_GZIP_BYTES = 150_000;

async function gzipSize(bytes: Uint8Array<ArrayBuffer>): Promise<number> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"));
  return (await new Response(stream).arrayBuffer()).byteLength;
}

Deno.test("the built app has less than 150 kB of script and loads no font", async () => {
  const folder = await Deno.makeTempDir({ prefix: "seameet-size-" });
  try {
    await buildWeb({ into: new URL(`file://${folder}/`) });
    let scripts = 0;
    for await (const { name } of Deno.readDir(folder)) {
      const bytes = await Deno.readFile(`${folder}/${name}`);
      if (name.endsWith(".js")) scripts += await gzipSize(bytes);
      assert(!/\.(woff2?|ttf|otf)$/.test(name), name);
      if (name.endsWith(".css")) assert(!/@font-face|@import|url\(/.test(new TextDecoder().decode(bytes)), name);
    }
    console.log(`scripts, compressed: ${scripts} bytes`);
    assert(scripts > 50_000 && scripts < MAX_GZIP_BYTES, `${scripts} bytes`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
