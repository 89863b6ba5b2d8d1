/** A moment or a span in milliseconds; moments count from an arbitrary start that never jumps. */
export type Millis = number;

/** The deadline of something that is not waiting. */
export const NEVER: Millis = Infinity;

/** Seconds between the NTP era (1900) and the Unix epoch (1970), RFC 5905 section 6. */
const NTP_TO_UNIX_SECONDS = 2_208_988_800;

/** A 64-bit NTP timestamp as two 32-bit halves (RFC 3550 section 4). */
export interface NtpTime {
  /** Whole seconds since 1900, 32 bits. */
  readonly seconds: number;
  /** The rest in units of 2^-32 s. */
  readonly fraction: number;
}

/** Converts milliseconds since 1970 to NTP. */
export function ntpFromUnix(unixMs: number): NtpTime {
  const whole = Math.floor(unixMs / 1000);
  const fraction = Math.floor(((unixMs - whole * 1000) / 1000) * 0x100000000);
  return { seconds: (whole + NTP_TO_UNIX_SECONDS) >>> 0, fraction: fraction >>> 0 };
}

/** Converts NTP to milliseconds since 1970; exact to a microsecond. */
export function unixFromNtp(ntp: NtpTime): number {
  return (ntp.seconds - NTP_TO_UNIX_SECONDS) * 1000 + (ntp.fraction / 0x100000000) * 1000;
}

/** The middle 32 bits of an NTP timestamp, as receiver reports carry them (RFC 3550 section 6.4.1). */
export function compactNtp(ntp: NtpTime): number {
  return (((ntp.seconds & 0xffff) << 16) | (ntp.fraction >>> 16)) >>> 0;
}
