/** What Chromium on phones says of the network; other browsers have no such object, or one without `type`. */
interface NetworkInformation extends EventTarget {
  readonly type?: string;
}

/**
 * Calls back when the browser says that it is in another network, or in one again; returns what ends that.
 *
 * `change` of `navigator.connection` also comes with each new estimate of the rate, so the kind of network is compared.
 */
export function watchBrowserNetwork(onChange: () => void): () => void {
  if (typeof addEventListener !== "function" || typeof navigator === "undefined") return () => {};
  const information: NetworkInformation | undefined = Reflect.get(navigator, "connection") ?? undefined;
  let type = information?.type;
  const compare = () => {
    if (information?.type === type) return;
    type = information?.type;
    if (type !== "none") onChange();
  };
  addEventListener("online", onChange);
  information?.addEventListener?.("change", compare);
  return () => {
    removeEventListener("online", onChange);
    information?.removeEventListener?.("change", compare);
  };
}
