/** One m-line of an answer, as far as a client needs it. */
export interface AnsweredLine {
  readonly kind: string;
  readonly mid: string;
  readonly port: number;
  readonly direction: string;
  readonly payloadTypes: readonly number[];
  /** The server's SSRC for what it sends here. */
  readonly ssrc: number | undefined;
  readonly rtxSsrc: number | undefined;
  /** Simulcast encodings that the server takes. */
  readonly rids: readonly string[];
}

/** An answer, read with a reader of its own: nothing here comes from the code that wrote it. */
export interface Answer {
  readonly ufrag: string;
  readonly pwd: string;
  readonly candidates: readonly { readonly address: string; readonly port: number }[];
  readonly isLite: boolean;
  readonly lines: readonly AnsweredLine[];
}

/** Reads an answer; throws where a browser would refuse it. */
export function readAnswer(sdp: string): Answer {
  const [session, ...media] = sdp.split(/(?=^m=)/m);
  const ufrag = /^a=ice-ufrag:(\S+)\r$/m.exec(sdp)?.[1];
  const pwd = /^a=ice-pwd:(\S+)\r$/m.exec(sdp)?.[1];
  if (session === undefined || ufrag === undefined || pwd === undefined) throw new Error(`Bad answer:\n${sdp}`);
  if (/^a=setup:(?!passive\r)/m.test(sdp)) throw new Error("The answer is not the passive side of DTLS");
  const found = sdp.matchAll(/^a=candidate:\S+ 1 udp \d+ (\S+) (\d+) typ host\r$/gm);
  return {
    ufrag,
    pwd,
    candidates: [...found].map(([, address, port]) => ({ address: address!, port: Number(port) })),
    isLite: /^a=ice-lite\r$/m.test(session),
    lines: media.map(readLine),
  };
}

function readLine(text: string): AnsweredLine {
  const [, kind, port, formats] = /^m=(\w+) (\d+) \S+ ([\d ]+)\r$/m.exec(text) ?? [];
  const mid = /^a=mid:(\S+)\r$/m.exec(text)?.[1];
  const direction = /^a=(sendrecv|sendonly|recvonly|inactive)\r$/m.exec(text)?.[1];
  if (kind === undefined || mid === undefined || direction === undefined) throw new Error(`Bad m-line:\n${text}`);
  const [, primary, rtx] = /^a=ssrc-group:FID (\d+) (\d+)\r$/m.exec(text) ?? [];
  const ssrc = primary ?? /^a=ssrc:(\d+) /m.exec(text)?.[1];
  return {
    kind,
    mid,
    port: Number(port),
    direction,
    payloadTypes: formats!.split(" ").map(Number),
    ssrc: ssrc === undefined ? undefined : Number(ssrc),
    rtxSsrc: rtx === undefined ? undefined : Number(rtx),
    rids: /^a=simulcast:recv (\S+)\r$/m.exec(text)?.[1]?.split(";") ?? [],
  };
}
