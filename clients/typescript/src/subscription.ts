/** Following the feed: it resumes where it was, tells no event twice, backs off, and asks for another ticket when one is refused. */
import type { Parcours } from "./client.js";
import type { FeedEvent, FeedFilter } from "./interface.js";
import { Problem, Unreachable } from "./problem.js";
import { type EventSourceClass, followWithHeader, followWithTicket, type Handlers } from "./transports.js";
import { backOff, pause } from "./waiting.js";

export interface SubscriptionOptions {
  /** `figures`: which figures moved, in the place of events. */
  kind?: "events" | "figures";
  territory?: string[];
  type?: FeedFilter[];
  /** Begin after this position, which a reading or an earlier event told; without it, with what happens from now on. */
  after?: number;
  onEvent: (event: FeedEvent) => void;
  /**
   * The feed is heard, for the first time or again. `complete` is false when nothing is known of the time before: then read anew what
   * the page shows. It is so whenever the subscription has no position yet: no `after`, and no event so far.
   */
  onOpen?: (complete: boolean) => void;
  /** The feed is not heard for the moment. It goes on by itself. */
  onInterrupted?: (fault?: Problem | Unreachable) => void;
  /** It will not go on: the session has ended, the reader may not follow, or `onEvent` threw. */
  onEnd?: (fault: unknown) => void;
  /** `ticket`, for EventSource in pages, or `header`, for fetch in servers. Without it, what there is. */
  transport?: "ticket" | "header";
  /** The class of the ticket's transport, where it is not global: that of the package `eventsource`. */
  EventSource?: EventSourceClass;
}

export class Subscription {
  private readonly abort = new AbortController();
  private readonly ids = new Set<string>(); // heard at `position`
  private failures = 0;
  private last: number | undefined;
  /** Settles when the subscription has ended. */
  readonly ended: Promise<void>;

  constructor(
    private readonly parcours: Parcours,
    private readonly options: SubscriptionOptions,
  ) {
    this.last = options.after;
    this.ended = this.run();
  }

  /** The position of the last event that was heard: give it as `after` to go on in another process. */
  get position(): number | undefined {
    return this.last;
  }

  close(): void {
    this.abort.abort();
  }

  private async run(): Promise<void> {
    const { signal } = this.abort;
    while (!signal.aborted) {
      let fault: unknown;
      try {
        await this.follow(signal);
      } catch (thrown) {
        fault = thrown;
      }
      if (signal.aborted) return;
      if (fault !== undefined && !passing(fault)) return this.options.onEnd?.(fault);
      this.options.onInterrupted?.(fault as Problem | Unreachable | undefined);
      await pause(backOff(++this.failures, this.parcours.retry, fault), signal);
    }
  }

  private follow(signal: AbortSignal): Promise<void> {
    const EventSource = this.options.EventSource ?? (globalThis as { EventSource?: EventSourceClass }).EventSource;
    const ticket = this.options.transport ? this.options.transport === "ticket" : EventSource !== undefined;
    if (!ticket) return followWithHeader(this.parcours, this.query(), this.handlers(), signal);
    if (!EventSource) throw new TypeError("There is no EventSource here: give one, or use the transport `header`.");
    return followWithTicket(this.parcours, this.query(), this.handlers(), signal, EventSource);
  }

  private query(): URLSearchParams {
    const { territory = [], type = [] } = this.options;
    const query = new URLSearchParams([...territory.map((each) => ["territory", each]), ...type.map((each) => ["type", each])]);
    if (this.options.kind) query.set("kind", this.options.kind);
    if (this.last !== undefined) query.set("after", String(this.last));
    return query;
  }

  private handlers(): Handlers {
    return {
      opened: () => {
        this.failures = 0;
        this.options.onOpen?.(this.last !== undefined);
      },
      interrupted: () => this.options.onInterrupted?.(),
      heard: (data) => this.hear(JSON.parse(data) as FeedEvent),
    };
  }

  /** One event has one position; those that tell masked readers of several territories share one. */
  private hear(event: FeedEvent): void {
    if (this.last !== undefined && event.position < this.last) return;
    if (event.position !== this.last) this.ids.clear();
    if (this.ids.has(event.id)) return;
    this.options.onEvent(event);
    this.last = event.position;
    this.ids.add(event.id);
  }
}

function passing(fault: unknown): boolean {
  return fault instanceof Unreachable || (fault instanceof Problem && !fault.final && fault.status !== 401);
}
