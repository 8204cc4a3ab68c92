/** What needs a file system: an outbox that outlives its process. */
import { open, readFile, rename } from "node:fs/promises";

import type { OutboxEntry } from "./outbox.js";
import { MemoryStorage } from "./storages.js";

/** Entries in a file of one process. A change is on disk, whole, before it is promised. */
export class FileStorage extends MemoryStorage {
  private constructor(
    private readonly path: string,
    entries: OutboxEntry[],
  ) {
    super();
    this.entries = entries;
  }

  /** The storage of a file, which need not exist yet. */
  static async open(path: string): Promise<FileStorage> {
    const text = await readFile(path, "utf8").catch((fault: NodeJS.ErrnoException) => {
      if (fault.code !== "ENOENT") throw fault;
      return "[]";
    });
    return new FileStorage(path, JSON.parse(text) as OutboxEntry[]);
  }

  private writing: Promise<void> = Promise.resolve();

  /** Changes are written one after the other, so that a later one is never overwritten by an earlier one. */
  protected override async keep(entries: OutboxEntry[]): Promise<void> {
    await super.keep(entries);
    this.writing = this.writing.catch(() => undefined).then(() => this.write());
    return this.writing;
  }

  private async write(): Promise<void> {
    const beside = `${this.path}.new`;
    const file = await open(beside, "w", 0o600);
    try {
      await file.writeFile(JSON.stringify(this.entries));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(beside, this.path);
  }
}
