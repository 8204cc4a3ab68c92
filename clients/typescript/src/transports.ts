/** The two ways to follow the feed: EventSource with a ticket, for pages, and fetch with a header, for servers. */
import { createParser } from "eventsource-parser";

import type { Parcours } from "./client.js";
import { Unreachable } from "./problem.js";

export interface Handlers {
  opened(): void;
  interrupted(): void;
  heard(data: string): void;
}

/** The part of EventSource that is used here. */
export interface EventSourceLike {
  readonly readyState: number;
  onopen: ((event: never) => unknown) | null;
  onmessage: ((event: never) => unknown) | null;
  onerror: ((event: never) => unknown) | null;
  close(): void;
}
export type EventSourceClass = new (url: string) => EventSourceLike;

const CLOSED = 2; // EventSource.CLOSED: it will not come back by itself
const SILENCE_S = 45; // the gateway gives a sign of life three times in it

/**
 * Ask for a ticket and follow with EventSource, which comes back by itself after most interruptions.
 *
 * Resolves when it has given up: the ticket is refused, or a proxy answered in place of the gateway.
 */
export async function followWithTicket(
  parcours: Parcours,
  query: URLSearchParams,
  handlers: Handlers,
  signal: AbortSignal,
  EventSource: EventSourceClass,
): Promise<void> {
  const asked = await parcours.once(new Request(`${parcours.baseUrl}/v1/stream-tickets?${query}`, { method: "POST" }), signal);
  if (!asked.response) throw asked.fault;
  const { stream } = (await asked.response.json()) as { stream: string };
  const over = new AbortController();
  const source = new EventSource(parcours.baseUrl + stream);
  try {
    await new Promise<void>((resolve, reject) => {
      const attempt = (work: () => void) => {
        try {
          work();
        } catch (fault) {
          reject(fault);
        }
      };
      source.onopen = () => attempt(() => handlers.opened());
      source.onmessage = (event: MessageEvent<string>) => attempt(() => handlers.heard(event.data));
      source.onerror = () => (source.readyState === CLOSED ? resolve() : attempt(() => handlers.interrupted()));
      signal.addEventListener("abort", () => resolve(), { signal: over.signal });
      if (signal.aborted) resolve();
    });
  } finally {
    over.abort();
    source.close();
  }
}

/** Follow with fetch. Resolves when the stream ends; throws `Unreachable` when it breaks off or falls silent. */
export async function followWithHeader(parcours: Parcours, query: URLSearchParams, handlers: Handlers, signal: AbortSignal): Promise<void> {
  const silence = new Silence();
  const heard: string[] = [];
  const parser = createParser({ onEvent: (event) => event.event === undefined && heard.push(event.data) });
  try {
    const reader = await openStream(parcours, query, AbortSignal.any([signal, silence.signal]));
    handlers.opened();
    for (;;) {
      const chunk = await reader.read().catch((cause: unknown) => {
        throw new Unreachable({ cause });
      });
      if (chunk.done) return;
      silence.broken();
      parser.feed(chunk.value);
      for (const data of heard.splice(0)) handlers.heard(data);
    }
  } finally {
    silence.end();
  }
}

async function openStream(parcours: Parcours, query: URLSearchParams, signal: AbortSignal) {
  const request = new Request(`${parcours.baseUrl}/v1/stream?${query}`, { headers: { Accept: "text/event-stream" } });
  const asked = await parcours.once(request, signal).catch((cause: unknown) => {
    throw new Unreachable({ cause });
  });
  if (!asked.response) throw asked.fault;
  return asked.response.body!.pipeThrough(new TextDecoderStream()).getReader();
}

/** A signal that is given when nothing was heard for a while: the connection may be gone without a sign. */
class Silence {
  private readonly abort = new AbortController();
  private timer = this.begin();

  get signal(): AbortSignal {
    return this.abort.signal;
  }

  broken(): void {
    clearTimeout(this.timer);
    this.timer = this.begin();
  }

  end(): void {
    clearTimeout(this.timer);
  }

  private begin() {
    return setTimeout(() => this.abort.abort(), SILENCE_S * 1000);
  }
}
