/** Commands that are given while the gateway is away: kept, and sent in order when it is back. */
import type { Parcours } from "./client.js";
import { type AnyCommand, command } from "./command.js";
import type { Answer, CommandBody, CommandName, ProblemBody } from "./interface.js";
import { Problem, Unreachable } from "./problem.js";
import { backOff, pause } from "./waiting.js";

export interface OutboxEntry {
  /** The order of the entries. The storage assigns it. */
  readonly sequence: number;
  /** Who gave the command: nobody else's session sends it. */
  readonly owner: string;
  readonly command: AnyCommand;
  /** The time of the command is that of the device’s clock. It is compared with the gateway’s before the command is sent. */
  readonly deviceTime?: true;
  /** `waiting` for the gateway; `recorded`, with its answer; `refused`, with the problem: nothing was recorded. */
  readonly state: "waiting" | "recorded" | "refused";
  readonly answer?: Answer;
  readonly problem?: ProblemBody;
}

/** Where entries are kept. What `append` has promised is there after a crash, if the storage is to survive one. */
export interface OutboxStorage {
  append(entry: Omit<OutboxEntry, "sequence">): Promise<OutboxEntry>;
  replace(entry: OutboxEntry): Promise<void>;
  remove(entry: OutboxEntry): Promise<void>;
  /** All entries in the order of their sequence. */
  all(): Promise<OutboxEntry[]>;
  /** Run some work while nobody else does who shares the storage, such as another tab. */
  exclusively<T>(work: () => Promise<T>): Promise<T>;
  /** Tell what others do who share the storage, such as another tab, until the signal. */
  watch?(changed: (entry: OutboxEntry) => void, removed: (entry: OutboxEntry) => void, signal: AbortSignal): void;
}

export interface OutboxOptions {
  /** The actor whose session the client has: `(await parcours.get("/v1/me")).actor.id`. */
  owner: string;
  storage: OutboxStorage;
  /** An entry is new, or has another state: here or, after `start`, in another tab. */
  onChange?: (entry: OutboxEntry) => void;
  /** An entry is gone: here or, after `start`, in another tab. */
  onRemove?: (entry: OutboxEntry) => void;
  /** Sending stops for the moment: the gateway is away (`Unreachable`, 503…), or the session has ended (401). */
  onInterrupted?: (fault: Problem | Unreachable) => void;
}

const ONCE = { attempts: 1 }; // `start` repeats, and whoever calls `flush`

export class Outbox {
  private readonly wake = new EventTarget();

  constructor(
    private readonly parcours: Parcours,
    private readonly options: OutboxOptions,
  ) {}

  /**
   * Keep a command. It happened now, whenever it is sent, unless the body says when. Nothing is sent before `flush` or `start`.
   *
   * Now is by the gateway's clock if an answer told it, or is found out when the command is sent.
   */
  async add<Name extends CommandName>(name: Name, body: CommandBody<Name>): Promise<OutboxEntry> {
    const now = this.parcours.clock.now();
    const timed = { ...body, time: body.time ?? new Date(now ?? Date.now()).toISOString() };
    const unsure = body.time === undefined && now === undefined ? { deviceTime: true as const } : {};
    const kept = { owner: this.options.owner, command: command(name, timed) as AnyCommand, state: "waiting", ...unsure } as const;
    const entry = await this.options.storage.append(kept);
    this.options.onChange?.(entry);
    this.wake.dispatchEvent(new Event("wake"));
    return entry;
  }

  /** The entries of the owner, in order. */
  async entries(): Promise<OutboxEntry[]> {
    return (await this.options.storage.all()).filter((entry) => entry.owner === this.options.owner);
  }

  /** Forget an entry: one that was recorded, or refused and seen, or that shall not be sent after all. */
  async remove(entry: OutboxEntry): Promise<void> {
    await this.options.storage.remove(entry);
    this.options.onRemove?.(entry);
  }

  /**
   * Send what waits, one after the other. A refused command does not stop those after it; an interruption does.
   *
   * Throws the `Problem` or `Unreachable` of an interruption, at the first one; what waits then still waits.
   */
  async flush(): Promise<void> {
    await this.options.storage.exclusively(async () => {
      for (;;) {
        const entry = (await this.entries()).find((each) => each.state === "waiting");
        if (!entry) return;
        const settled = await this.settle(await this.timed(entry));
        await this.options.storage.replace(settled);
        this.options.onChange?.(settled);
      }
    });
  }

  /** The entry with a time of the gateway's clock. It is kept before it is sent: a key belongs to one time. */
  private async timed({ deviceTime, ...entry }: OutboxEntry): Promise<OutboxEntry> {
    const { clock } = this.parcours;
    if (!deviceTime) return entry;
    if (!clock.known) await this.parcours.request(new Request(`${this.parcours.baseUrl}/v1/me`), ONCE);
    const time = new Date(clock.corrected(Date.parse(entry.command.body.time!))).toISOString();
    const command = { ...entry.command, body: { ...entry.command.body, time } } as AnyCommand;
    await this.options.storage.replace({ ...entry, command });
    return { ...entry, command };
  }

  private async settle(entry: OutboxEntry): Promise<OutboxEntry> {
    try {
      return { ...entry, state: "recorded", answer: await this.parcours.send<CommandName>(entry.command, ONCE) };
    } catch (fault) {
      if (fault instanceof Problem && fault.final) return { ...entry, state: "refused", problem: fault.body };
      throw fault;
    }
  }

  /** Send by itself from now on: what is added, and what waits, when the gateway or the network is back. Ends with the signal. */
  async start(signal: AbortSignal): Promise<void> {
    this.watch(signal);
    for (let failures = 0; !signal.aborted; ) {
      const woken = this.woken(signal);
      try {
        await this.flush();
        failures = 0;
        await woken.next;
      } catch (fault) {
        if (!(fault instanceof Problem || fault instanceof Unreachable)) throw fault;
        this.options.onInterrupted?.(fault);
        await Promise.race([woken.online, pause(backOff(++failures, this.parcours.retry, fault), signal)]);
      } finally {
        woken.stop();
      }
    }
  }

  private watch(signal: AbortSignal): void {
    const mine = (tell?: (entry: OutboxEntry) => void) => (entry: OutboxEntry) => {
      if (entry.owner !== this.options.owner) return;
      tell?.(entry);
      if (entry.state === "waiting") this.wake.dispatchEvent(new Event("wake")); // the tab that was given it may be closed
    };
    this.options.storage.watch?.(mine(this.options.onChange), mine(this.options.onRemove), signal);
  }

  /** `next`: an entry was added, or the network is back, or the signal was given. `online`: one of the last two. */
  private woken(signal: AbortSignal) {
    const done = new AbortController();
    const heard = (target: EventTarget, type: string) =>
      new Promise<void>((resolve) => target.addEventListener(type, () => resolve(), { once: true, signal: done.signal }));
    const page = "addEventListener" in globalThis ? [heard(globalThis as unknown as EventTarget, "online")] : [];
    const online = Promise.race([heard(signal, "abort"), ...page]);
    return { online, next: Promise.race([online, heard(this.wake, "wake")]), stop: () => done.abort() };
  }
}
