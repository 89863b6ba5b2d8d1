import type { PeerId } from "../base/ids.ts";
import type { Path } from "./path.ts";
import type { PeerTransport } from "./peer_transport.ts";

/** Paths one peer may hold; a client with four addresses and four of ours makes sixteen pairs. */
export const MAX_PATHS_PER_PEER = 16;

interface Entry {
  readonly peer: PeerTransport;
  readonly ufrags: Set<string>;
  readonly paths: Path[];
}

/**
 * Finds peers: by id, by our ufrag, by where a datagram came from.
 *
 * Looking up never adds anything; a path is added by `bind()`, which the caller does after an authentic check.
 */
export class PeerIndex {
  readonly #entries = new Map<PeerId, Entry>();
  readonly #byUfrag = new Map<string, PeerTransport>();
  readonly #byAddress = new Map<number, Map<string, Map<number, Path>>>();

  /** Adds a peer; called again after an ICE restart, it learns the new ufrag. */
  add(peer: PeerTransport): void {
    const entry = this.#entries.get(peer.id) ?? { peer, ufrags: new Set<string>(), paths: [] };
    this.#entries.set(peer.id, entry);
    for (const ufrag of entry.ufrags) {
      if (!peer.acceptsUfrag(ufrag)) this.#dropUfrag(entry, ufrag);
    }
    entry.ufrags.add(peer.localUfrag);
    this.#byUfrag.set(peer.localUfrag, peer);
  }

  /** Forgets a peer, its ufrags and its paths. */
  remove(peer: PeerTransport): void {
    const entry = this.#entries.get(peer.id);
    if (entry === undefined) return;
    this.#entries.delete(peer.id);
    for (const ufrag of entry.ufrags) this.#dropUfrag(entry, ufrag);
    for (const path of entry.paths) this.#dropPath(path);
  }

  /** The peer with this id. */
  peer(id: PeerId): PeerTransport | undefined {
    return this.#entries.get(id)?.peer;
  }

  /** The peer that checks with this ufrag are for. */
  byUfrag(ufrag: string): PeerTransport | undefined {
    const peer = this.#byUfrag.get(ufrag);
    return peer?.acceptsUfrag(ufrag) ? peer : undefined;
  }

  /** The path of datagrams from this address on this socket. */
  byAddress(socket: number, address: string, port: number): Path | undefined {
    return this.#byAddress.get(socket)?.get(address)?.get(port);
  }

  /**
   * Makes a path belong to a peer, after an authentic check has come over it.
   *
   * The least recently checked path of a peer that has too many is forgotten, but never the selected one.
   */
  bind(path: Path, peer: PeerTransport): void {
    const entry = this.#entries.get(peer.id);
    if (entry === undefined || (path.peer === peer.id && entry.paths.includes(path))) return;
    const known = this.byAddress(path.socket, path.address, path.port);
    if (known !== undefined) this.#unbind(known);
    path.peer = peer.id;
    entry.paths.push(path);
    this.#store(path);
    if (entry.paths.length > MAX_PATHS_PER_PEER) this.#evict(entry, path);
  }

  /** Peers now known. */
  get size(): number {
    return this.#entries.size;
  }

  /** Paths now known; bounded by `size * MAX_PATHS_PER_PEER`. */
  get pathCount(): number {
    let count = 0;
    for (const entry of this.#entries.values()) count += entry.paths.length;
    return count;
  }

  #evict(entry: Entry, keep: Path): void {
    let oldest: Path | undefined;
    for (const path of entry.paths) {
      if (path === keep || path === entry.peer.path) continue;
      if (oldest === undefined || path.checkedAt < oldest.checkedAt) oldest = path;
    }
    if (oldest !== undefined) this.#unbind(oldest);
  }

  #unbind(path: Path): void {
    const paths = path.peer === undefined ? undefined : this.#entries.get(path.peer)?.paths;
    const at = paths?.indexOf(path) ?? -1;
    if (at >= 0) paths!.splice(at, 1);
    this.#dropPath(path);
  }

  #dropPath(path: Path): void {
    path.peer = undefined;
    const addresses = this.#byAddress.get(path.socket);
    const ports = addresses?.get(path.address);
    if (ports?.get(path.port) !== path) return;
    ports.delete(path.port);
    if (ports.size === 0) addresses!.delete(path.address);
    if (addresses!.size === 0) this.#byAddress.delete(path.socket);
  }

  #dropUfrag(entry: Entry, ufrag: string): void {
    entry.ufrags.delete(ufrag);
    if (this.#byUfrag.get(ufrag) === entry.peer) this.#byUfrag.delete(ufrag);
  }

  #store(path: Path): void {
    let addresses = this.#byAddress.get(path.socket);
    if (addresses === undefined) this.#byAddress.set(path.socket, addresses = new Map());
    let ports = addresses.get(path.address);
    if (ports === undefined) addresses.set(path.address, ports = new Map());
    ports.set(path.port, path);
  }
}
