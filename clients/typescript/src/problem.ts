/** Requests that fail: a `Problem` if somebody answered, `Unreachable` if nobody did. */
import type { ProblemBody } from "./interface.js";

/** An answer that reports a failure. `message` is in French and may be shown to people; `code` is stable, for programs. */
export class Problem extends Error {
  override readonly name = "Problem";

  constructor(
    readonly body: ProblemBody,
    /** Seconds until the same request may be made again, if the answer said so. */
    readonly retryAfter?: number,
  ) {
    // The detail of `invalid` says where the faults are told: in `faults`, which a page may show elsewhere or not at all.
    super(body.code === "invalid" ? body.title : (body.detail ?? body.title));
  }

  get status(): number {
    return this.body.status;
  }

  get code(): string {
    return this.body.code;
  }

  /** What is wrong with each field, in French: of code `invalid`. */
  get faults(): Record<string, string[]> {
    return this.body.faults ?? {};
  }

  /** Whether the same request may succeed later: somebody is away, busy, or still at work on it. */
  get passing(): boolean {
    return [408, 429, 502, 503, 504].includes(this.status) || this.code === "idempotency_key_in_flight";
  }

  /** Whether the request has been decided: sent again as it is, it is refused again, until something else changes. */
  get final(): boolean {
    return this.status >= 400 && this.status < 500 && this.status !== 401 && !this.passing;
  }
}

/** Nobody answered: no network, no server, or a page of an origin that the server does not know. `message` is in French. */
export class Unreachable extends Error {
  override readonly name = "Unreachable";

  constructor(options?: ErrorOptions) {
    super("Parcours ne répond pas pour l’instant.", options);
  }
}

/** The problem of a response. What is none, such as the page of a proxy, gets the code `not_a_problem`. */
export async function problemOf(response: Response): Promise<Problem> {
  const type = response.headers.get("Content-Type") ?? "";
  const seconds = Number(response.headers.get("Retry-After") ?? Number.NaN);
  const body = type.startsWith("application/problem+json") ? ((await response.json()) as ProblemBody) : undefined;
  const { status } = response;
  const other = { type: "about:blank", title: `Réponse illisible (HTTP ${status})`, status, code: "not_a_problem" };
  return new Problem(body ?? other, Number.isFinite(seconds) ? seconds : undefined);
}
