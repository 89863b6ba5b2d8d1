/** Stand-in for `jsr:@std/assert` where JSR cannot be reached: the functions this project uses, same names and signatures. */
import nodeAssert from "node:assert";

export class AssertionError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "AssertionError";
  }
}

function guard(run: () => void, msg?: string): void {
  try {
    run();
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : String(cause);
    throw new AssertionError(msg === undefined ? detail : `${detail}: ${msg}`);
  }
}

export function assert(expr: unknown, msg = ""): asserts expr {
  if (!expr) throw new AssertionError(msg);
}

export function assertEquals<T>(actual: T, expected: T, msg?: string): void {
  guard(() => nodeAssert.deepStrictEqual(actual, expected), msg);
}

export function assertNotEquals<T>(actual: T, expected: T, msg?: string): void {
  guard(() => nodeAssert.notDeepStrictEqual(actual, expected), msg);
}

export function assertStrictEquals<T>(actual: unknown, expected: T, msg?: string): asserts actual is T {
  guard(() => nodeAssert.strictEqual(actual, expected), msg);
}

export function assertExists<T>(actual: T, msg?: string): asserts actual is NonNullable<T> {
  if (actual === undefined || actual === null) throw new AssertionError(`Expected actual to exist: ${msg ?? ""}`);
}

export function assertAlmostEquals(actual: number, expected: number, tolerance?: number, msg?: string): void {
  const allowed = tolerance ?? (Number.isFinite(expected) ? Math.abs(expected * 1e-7) : 1e-7);
  if (Object.is(actual, expected) || Math.abs(expected - actual) <= allowed) return;
  throw new AssertionError(`Expected ${actual} to be close to ${expected} (within ${allowed}): ${msg ?? ""}`);
}

export function assertGreater<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual > expected)) throw new AssertionError(`Expected ${actual} > ${expected}: ${msg ?? ""}`);
}

export function assertGreaterOrEqual<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual >= expected)) throw new AssertionError(`Expected ${actual} >= ${expected}: ${msg ?? ""}`);
}

export function assertLess<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual < expected)) throw new AssertionError(`Expected ${actual} < ${expected}: ${msg ?? ""}`);
}

export function assertLessOrEqual<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual <= expected)) throw new AssertionError(`Expected ${actual} <= ${expected}: ${msg ?? ""}`);
}

export function assertMatch(actual: string, expected: RegExp, msg?: string): void {
  if (!expected.test(actual)) throw new AssertionError(`Expected "${actual}" to match ${expected}: ${msg ?? ""}`);
}

export function assertStringIncludes(actual: string, expected: string, msg?: string): void {
  if (!actual.includes(expected)) {
    throw new AssertionError(`Expected "${actual}" to include "${expected}": ${msg ?? ""}`);
  }
}

export function assertThrows(
  fn: () => unknown,
  errorClass?: new (...args: never[]) => Error,
  msgIncludes = "",
): unknown {
  try {
    fn();
  } catch (error) {
    return checkError(error, errorClass, msgIncludes);
  }
  throw new AssertionError("Expected function to throw");
}

export async function assertRejects(
  fn: () => PromiseLike<unknown>,
  errorClass?: new (...args: never[]) => Error,
  msgIncludes = "",
): Promise<unknown> {
  try {
    await fn();
  } catch (error) {
    return checkError(error, errorClass, msgIncludes);
  }
  throw new AssertionError("Expected function to reject");
}

export function fail(msg = ""): never {
  throw new AssertionError(`Failed assertion: ${msg}`);
}

function checkError(
  error: unknown,
  errorClass: (new (...args: never[]) => Error) | undefined,
  includes: string,
): unknown {
  if (errorClass !== undefined && !(error instanceof errorClass)) {
    throw new AssertionError(`Expected error to be ${errorClass.name}, but was ${error}`);
  }
  if (includes !== "" && !(error instanceof Error && error.message.includes(includes))) {
    throw new AssertionError(`Expected error message to include "${includes}", but was ${error}`);
  }
  return error;
}
