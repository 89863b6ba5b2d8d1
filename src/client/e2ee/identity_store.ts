/** Where a device keeps its identity key and what it knows about others, beyond the page's life. */
export interface IdentityStore {
  /** What was stored under a name, `undefined` when nothing was. */
  get(name: string): Promise<unknown>;
  /** Stores a value; it can hold a `CryptoKey`, as everything that can be cloned. */
  set(name: string, value: unknown): Promise<void>;
  /** Stores a value where there is none, and answers what is stored then; two tabs must not both make a key. */
  setIfAbsent(name: string, value: unknown): Promise<unknown>;
}

const DATABASE = "seameet";
const TABLE = "identity";

/**
 * A store that forgets everything with the page; for tests, and where the browser gives no database.
 *
 * @example
 * ```ts
 * import { memoryIdentityStore } from "@seameet/cli/client";
 * import { assertEquals } from "@std/assert";
 *
 * const store = memoryIdentityStore();
 * await store.set("pins", []);
 * assertEquals(await store.get("pins"), []);
 * ```
 */
export function memoryIdentityStore(): IdentityStore {
  const values = new Map<string, unknown>();
  return {
    get: (name) => Promise.resolve(values.get(name)),
    set: (name, value) => Promise.resolve(void values.set(name, value)),
    setIfAbsent(name, value) {
      if (!values.has(name)) values.set(name, value);
      return Promise.resolve(values.get(name));
    },
  };
}

/**
 * A store in the browser's IndexedDB, shared by all pages of the origin.
 *
 * Private keys lie in it as keys that no script can read out. Its methods reject where the browser allows no database.
 *
 * @example
 * ```ts
 * import { browserIdentityStore, memoryIdentityStore } from "@seameet/cli/client";
 *
 * // Private windows of some browsers have no database.
 * const store = "indexedDB" in globalThis ? browserIdentityStore() : memoryIdentityStore();
 * console.log(await store.get("identity").catch(() => "no database here"));
 * ```
 */
export function browserIdentityStore(): IdentityStore {
  let opened: Promise<IDBDatabase> | undefined;
  const table = async (mode: IDBTransactionMode): Promise<IDBObjectStore> => {
    const database = await (opened ??= openDatabase());
    return database.transaction(TABLE, mode).objectStore(TABLE);
  };
  return {
    get: async (name) => await finished((await table("readonly")).get(name)),
    async set(name, value) {
      await finished((await table("readwrite")).put(value, name));
    },
    async setIfAbsent(name, value) {
      const within = await table("readwrite");
      const present = await finished(within.get(name));
      if (present !== undefined) return present;
      await finished(within.put(value, name));
      return value;
    },
  };
}

function openDatabase(): Promise<IDBDatabase> {
  const request = indexedDB.open(DATABASE, 1);
  request.onupgradeneeded = () => void request.result.createObjectStore(TABLE);
  return finished(request);
}

function finished<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("The browser's database failed"));
  });
}
