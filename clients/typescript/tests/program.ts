/** What a test program is given by the test that starts it: the gateway, and a token for each role. */
import { Parcours } from "@parcours/client";

export interface Given {
  url: string;
  tokens: Record<string, string>;
  [more: string]: unknown;
}

export function given<More = object>(): Given & More {
  return JSON.parse(process.argv[2]!) as Given & More;
}

/** A client with the session of a role. */
export function as(role: string, { url, tokens }: Given): Parcours {
  const token = tokens[role];
  if (!token) throw new Error(`no token of the role ${role}`);
  return new Parcours({ baseUrl: url, token });
}

/** Tell the test: one line of JSON. */
export function tell(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}
