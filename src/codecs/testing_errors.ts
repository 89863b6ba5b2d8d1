/** What tests expect to be thrown. */
import { SeaMeetError } from "../base/errors.ts";

/** The error that `use` throws. */
export function thrown(use: () => unknown): SeaMeetError {
  try {
    use();
  } catch (error) {
    if (error instanceof SeaMeetError) return error;
    throw error;
  }
  throw new Error("Nothing was thrown");
}

/** The error that a promise rejects with. */
export async function rejected(promise: Promise<unknown>): Promise<SeaMeetError> {
  const result = await promise.then(() => undefined, (error: unknown) => ({ error }));
  if (result === undefined) throw new Error("The promise was fulfilled");
  if (result.error instanceof SeaMeetError) return result.error;
  throw result.error;
}
