/** A client of one gateway. */
import createClient, { type Client } from "openapi-fetch";

import { GatewayClock } from "./clock.js";
import type { Command } from "./command.js";
import type { Answer, CommandName, QueryAnswer, QueryParameters, QueryPath, paths } from "./interface.js";
import { problemOf, Unreachable } from "./problem.js";
import { Subscription, type SubscriptionOptions } from "./subscription.js";
import { backOff, DEFAULT_RETRY, pause, type RetryPolicy } from "./waiting.js";

export interface ParcoursOptions {
  /** The address of the gateway: `https://parcours.example.org`. */
  baseUrl: string;
  /** The token of the session, or how to get the present one: it is asked for before each request. */
  token?: string | (() => string | undefined | Promise<string | undefined>);
  fetch?: typeof globalThis.fetch;
  /** How often and how long to try before a failure is thrown; `{ attempts: Infinity }` goes on for ever. */
  retry?: Partial<RetryPolicy>;
}

type Arguments<Parameters> = Partial<Parameters> extends Parameters ? [parameters?: Parameters] : [parameters: Parameters];

/** POST requests without a key that may be repeated: they record nothing. */
const HARMLESS = ["/v1/session", "/v1/stream-tickets"];

export class Parcours {
  readonly baseUrl: string;
  /** Every operation of the interface, typed (openapi-fetch). Failures are thrown, as everywhere here. */
  readonly api: Client<paths>;
  readonly retry: RetryPolicy;
  readonly clock = new GatewayClock();
  private readonly token: ParcoursOptions["token"];
  private readonly fetch: typeof globalThis.fetch;

  constructor(options: ParcoursOptions) {
    this.baseUrl = options.baseUrl.replace(/\/+$/, "");
    this.token = options.token;
    this.retry = { ...DEFAULT_RETRY, ...options.retry };
    this.fetch = options.fetch ?? globalThis.fetch.bind(globalThis);
    this.api = createClient<paths>({ baseUrl: this.baseUrl, fetch: (request) => this.request(request) });
  }

  /**
   * Ask a query: `get("/v1/people/{person}", { path: { person }, query: { position } })`.
   *
   * Throws a `Problem` or `Unreachable`.
   */
  async get<Path extends QueryPath>(path: Path, ...[parameters]: Arguments<QueryParameters<Path>>): Promise<QueryAnswer<Path>> {
    // The parameters are checked above: openapi-fetch cannot tell that `path` is one of its paths while it is not known which.
    const get = this.api.GET as (path: string, init: object) => Promise<{ data?: unknown }>;
    return (await get(path, { params: parameters ?? {} })).data as QueryAnswer<Path>;
  }

  /**
   * Send a command, again with the same key while its outcome is not known and `retry` allows it.
   *
   * Throws a `Problem` or `Unreachable`. After `Unreachable` it may be recorded or not: send the same object again, or use an outbox.
   */
  async send<Name extends CommandName>({ key, name, body }: Command<Name>, retry?: Partial<RetryPolicy>): Promise<Answer> {
    const headers = { "Content-Type": "application/json", "Idempotency-Key": key };
    const request = new Request(`${this.baseUrl}/v1/commands/${name}`, { method: "POST", headers, body: JSON.stringify(body) });
    return (await (await this.request(request, retry)).json()) as Answer;
  }

  /** Follow the feed of events, through restarts, without a loss or a repetition. */
  subscribe(options: SubscriptionOptions): Subscription {
    return new Subscription(this, options);
  }

  /** Send any request with the token. It is repeated while that is safe; a failure is thrown. */
  async request(request: Request, retry: Partial<RetryPolicy> = {}): Promise<Response> {
    const policy = { ...this.retry, ...retry };
    const repeatable = isRepeatable(request);
    for (let failures = 1; ; failures++) {
      const { response, fault } = await this.once(request.clone(), request.signal);
      if (response) return response;
      const refused = fault instanceof Unreachable ? !repeatable : !(fault.passing && (repeatable || fault.status === 429));
      const wait = backOff(failures, policy, fault);
      if (refused || failures >= policy.attempts || wait > policy.longest) throw fault;
      await pause(wait, request.signal);
      request.signal.throwIfAborted();
    }
  }

  /** One attempt. What the caller aborted is thrown as it is. Node.js may lose the signal of a Request, so it is given beside it. */
  async once(request: Request, signal: AbortSignal) {
    const token = typeof this.token === "function" ? await this.token() : this.token;
    if (token) request.headers.set("Authorization", `Bearer ${token}`);
    const answered = this.clock.ask();
    try {
      const response = await this.fetch(request, { signal });
      answered(response);
      return response.ok ? { response } : { fault: await problemOf(response) };
    } catch (cause) {
      signal.throwIfAborted();
      return { fault: new Unreachable({ cause }) };
    }
  }
}

function isRepeatable({ method, headers, url }: Request): boolean {
  return method === "GET" || method === "HEAD" || headers.has("Idempotency-Key") || HARMLESS.includes(new URL(url).pathname);
}
