/** Where an outbox keeps its entries: in memory, or in the IndexedDB of a browser. For a file see `@parcours/client/node`. */
import type { OutboxEntry, OutboxStorage } from "./outbox.js";

/** Entries of this process: gone with it. */
export class MemoryStorage implements OutboxStorage {
  protected entries: OutboxEntry[] = [];
  private busy: Promise<unknown> = Promise.resolve();

  async append(entry: Omit<OutboxEntry, "sequence">): Promise<OutboxEntry> {
    const kept = { ...entry, sequence: (this.entries.at(-1)?.sequence ?? 0) + 1 };
    await this.keep([...this.entries, kept]);
    return kept;
  }

  replace(entry: OutboxEntry): Promise<void> {
    return this.keep(this.entries.map((each) => (each.sequence === entry.sequence ? entry : each)));
  }

  remove({ sequence }: OutboxEntry): Promise<void> {
    return this.keep(this.entries.filter((each) => each.sequence !== sequence));
  }

  async all(): Promise<OutboxEntry[]> {
    return [...this.entries];
  }

  exclusively<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.busy.then(work, work);
    this.busy = turn.catch(() => undefined); // whoever waits next is not told of the faults of others
    return turn;
  }

  protected async keep(entries: OutboxEntry[]): Promise<void> {
    this.entries = entries;
  }
}

const STORE = "entries";
type Notice = { changed: OutboxEntry } | { removed: OutboxEntry };

/**
 * Entries that a browser keeps for this origin, shared by its tabs, which hear of each other's changes. One tab sends at a time, where
 * the browser has Web Locks.
 */
export class IndexedDbStorage implements OutboxStorage {
  private readonly alone = new MemoryStorage();
  private readonly channel: BroadcastChannel | undefined;
  private database: Promise<IDBDatabase> | undefined;

  constructor(private readonly name = "parcours-outbox") {
    this.channel = "BroadcastChannel" in globalThis ? new BroadcastChannel(name) : undefined;
  }

  async append(entry: Omit<OutboxEntry, "sequence">): Promise<OutboxEntry> {
    const sequence = await this.run("readwrite", (store) => store.add(entry));
    const kept = { ...entry, sequence: Number(sequence) };
    this.tell({ changed: kept });
    return kept;
  }

  async replace(entry: OutboxEntry): Promise<void> {
    await this.run("readwrite", (store) => store.put(entry));
    this.tell({ changed: entry });
  }

  async remove(entry: OutboxEntry): Promise<void> {
    await this.run("readwrite", (store) => store.delete(entry.sequence));
    this.tell({ removed: entry });
  }

  all(): Promise<OutboxEntry[]> {
    return this.run("readonly", (store) => store.getAll() as IDBRequest<OutboxEntry[]>);
  }

  exclusively<T>(work: () => Promise<T>): Promise<T> {
    const locks = (globalThis.navigator as Navigator | undefined)?.locks;
    return locks ? (locks.request(this.name, work) as Promise<T>) : this.alone.exclusively(work);
  }

  watch(changed: (entry: OutboxEntry) => void, removed: (entry: OutboxEntry) => void, signal: AbortSignal): void {
    const hear = ({ data }: MessageEvent<Notice>) => ("changed" in data ? changed(data.changed) : removed(data.removed));
    this.channel?.addEventListener("message", hear, { signal });
  }

  private tell(notice: Notice): void {
    this.channel?.postMessage(notice);
  }

  /** One transaction, done when it is on disk. */
  private async run<T>(mode: IDBTransactionMode, ask: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
    const database = await (this.database ??= this.open());
    const transaction = database.transaction(STORE, mode, { durability: "strict" });
    const request = ask(transaction.objectStore(STORE));
    return new Promise((resolve, reject) => {
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = () => reject(transaction.error);
    });
  }

  private open(): Promise<IDBDatabase> {
    const request = indexedDB.open(this.name, 1);
    return new Promise((resolve, reject) => {
      request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "sequence", autoIncrement: true });
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
  }
}
