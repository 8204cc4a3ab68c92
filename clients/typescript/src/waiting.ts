/** How long to wait before another attempt. */
import { Problem } from "./problem.js";

export interface RetryPolicy {
  /** Attempts in all, the first one included. */
  attempts: number;
  /** Seconds before the second attempt; each later wait is twice as long. */
  shortest: number;
  /** Seconds that no wait exceeds. A server that asks for more is asked again by whoever called. */
  longest: number;
}

export const DEFAULT_RETRY: RetryPolicy = { attempts: 5, shortest: 0.5, longest: 30 };

/** Seconds to wait after a number of failures: a part of it is drawn, so that clients that failed together do not come back together. */
export function backOff(failures: number, { shortest, longest }: RetryPolicy, fault?: unknown): number {
  const asked = fault instanceof Problem ? (fault.retryAfter ?? 0) : 0;
  const grown = Math.min(longest, shortest * 2 ** (failures - 1));
  return Math.max(asked, grown / 2) + (Math.random() * grown) / 2;
}

/** Wait. It ends at once when the signal is given, without an error. */
export function pause(seconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, seconds * 1000);
    signal?.addEventListener("abort", done);
  });
}
