/** Commands. Each has an idempotency key, made once: however often it is sent, it is recorded once and gets the same answer. */
import type { CommandBody, CommandName } from "./interface.js";

export interface Command<Name extends CommandName = CommandName> {
  readonly key: string;
  readonly name: Name;
  readonly body: CommandBody<Name>;
}

/** A command of any name. `name` tells which body it has. */
export type AnyCommand = { [Name in CommandName]: Command<Name> }[CommandName];

/** A command with a key of its own. Keep it, and send the same object again, whenever the outcome of sending it is not known. */
export function command<Name extends CommandName>(name: Name, body: CommandBody<Name>): Command<Name> {
  return Object.freeze({ key: newKey(), name, body });
}

/** A random UUID. `crypto.randomUUID` is missing in pages that came over plain HTTP from another machine. */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
