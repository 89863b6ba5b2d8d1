import { assert, assertEquals } from "@std/assert";
import { parseHex } from "../base/bytes.ts";
import { absSendTime, EXTENSION_URI, ExtensionIndex, readExtensionText } from "./header_extension.ts";
import { RtpView } from "./rtp_view.ts";

/** A packet whose header extension has this profile word and these data. */
function view(profile: string, data: string): RtpView {
  const words = (data.replaceAll(" ", "").length / 8).toString(16).padStart(4, "0");
  const bytes = parseHex(`9000 0000 00000000 00000000 ${profile} ${words} ${data}`)!;
  const result = new RtpView();
  assert(result.parse(bytes, bytes.length));
  return result;
}

function elements(index: ExtensionIndex): Record<number, [number, number]> {
  const found: Record<number, [number, number]> = {};
  for (let id = 0; id < 256; id++) {
    if (index.offsetOf(id) >= 0) found[id] = [index.offsetOf(id) - 16, index.lengthOf(id)];
  }
  return found;
}

function index(profile: string, data: string): Record<number, [number, number]> | undefined {
  const result = new ExtensionIndex();
  return result.parse(view(profile, data)) ? elements(result) : undefined;
}

Deno.test("ExtensionIndex knows nothing before the first packet", () => {
  const fresh = new ExtensionIndex();
  assertEquals([fresh.offsetOf(0), fresh.lengthOf(0), fresh.offsetOf(1)], [-1, -1, -1]);
});

Deno.test("parse() finds one-byte elements, with padding between them", () => {
  assertEquals(index("bede", "10aa 0000 e1bbbb 00"), { 1: [1, 1], 14: [5, 2] });
  assertEquals(index("bede", `3f ${"00".repeat(16)} 000000`), { 3: [1, 16] });
});

Deno.test("parse() finds two-byte elements, empty and long ones, with any application bits", () => {
  assertEquals(index("1000", "0100 ff02bbbb 0000"), { 1: [2, 0], 255: [4, 2] });
  assertEquals(index("100f", `20 40 ${"00".repeat(64)} 0000`), { 32: [2, 64] });
  assertEquals(index("1000", `05 ff ${"00".repeat(255)} 000000`), { 5: [2, 255] });
});

Deno.test("parse() stops at id 15 and at id 0 with a length, and keeps what came before", () => {
  assertEquals(index("bede", "10aa f0ff 20bb 0000"), { 1: [1, 1] });
  assertEquals(index("bede", "10aa 01ff 20bb 0000"), { 1: [1, 1] });
});

Deno.test("parse() lets the later of two elements with the same id count", () => {
  assertEquals(index("bede", "10aa 10bb"), { 1: [3, 1] });
});

Deno.test("parse() refuses elements that are longer than the extension and finds nothing in it", () => {
  for (
    const [profile, data] of [["bede", "10aa 21bb"], ["bede", "1f000000"], ["1000", "0101aa02"], ["1000", "0103aaaa"]]
  ) {
    const result = new ExtensionIndex();
    assert(!result.parse(view(profile!, data!)), data);
    assertEquals(elements(result), {});
  }
});

Deno.test("parse() takes other profiles and packets without extension as empty", () => {
  assertEquals(index("1010", "10aa0000"), {});
  assertEquals(index("0000", "10aa0000"), {});
  assertEquals(index("bede", ""), {});
});

Deno.test("parse() forgets the packet before", () => {
  const result = new ExtensionIndex();
  result.parse(view("bede", "10aa 20bb"));
  result.parse(view("bede", "20bb 0000"));
  assertEquals(elements(result), { 2: [1, 1] });
  result.parse(view("bede", ""));
  assertEquals(elements(result), {});
});

Deno.test("parse() forgets packets from 65,535 parses ago", () => {
  const result = new ExtensionIndex();
  const old = view("bede", "10aa 0000");
  const empty = view("bede", "");
  const other = view("bede", "20bb 0000");
  result.parse(old);
  for (let parses = 1; parses < 140_000; parses++) {
    result.parse(parses % 2 === 0 ? empty : other);
    const expected = parses % 2 === 0 ? -1 : 17;
    if (result.offsetOf(1) !== -1 || result.offsetOf(2) !== expected) throw new Error(`Stale after ${parses} parses`);
  }
});

Deno.test("offsetOf() and lengthOf() answer -1 for ids that cannot be", () => {
  const result = new ExtensionIndex();
  result.parse(view("bede", "10aa 0000"));
  for (const id of [-1, 0, 256, 1.5, NaN]) assertEquals([result.offsetOf(id), result.lengthOf(id)], [-1, -1]);
});

Deno.test("absSendTime() is 6.18 fixed point of seconds and wraps after 64 of them", () => {
  assertEquals(absSendTime(0), 0);
  assertEquals(absSendTime(1_000), 1 << 18);
  assertEquals(absSendTime(500), 1 << 17);
  assertEquals(absSendTime(63_999.999), 0xffffff);
  assertEquals(absSendTime(64_000), 0);
  assertEquals(absSendTime(64_000 * 1e6 + 1_000), 1 << 18);
});

Deno.test("readExtensionText() reads printable ASCII and leaves trailing zeros off", () => {
  const bytes = new TextEncoder().encode("xxmid-1\0\0yy");
  assertEquals(readExtensionText(bytes, 2, 5), "mid-1");
  assertEquals(readExtensionText(bytes, 2, 7), "mid-1");
  assertEquals(readExtensionText(bytes, 9, 2), "yy");
});

Deno.test("readExtensionText() refuses empty, unprintable and out-of-range text", () => {
  const bytes = Uint8Array.of(0x41, 0x20, 0x42, 0x00, 0x43, 0x80, 0x7f);
  for (const [offset, length] of [[0, 0], [0, 2], [3, 1], [3, 2], [4, 2], [6, 1], [4, 9]]) {
    assertEquals(readExtensionText(bytes, offset!, length!), undefined, `${offset} ${length}`);
  }
});

Deno.test("EXTENSION_URI names each extension once", () => {
  const uris = Object.values(EXTENSION_URI);
  assertEquals(new Set(uris).size, uris.length);
});
