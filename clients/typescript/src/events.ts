/** Questions about events of any kind. */
import type { FeedEvent } from "./interface.js";

const PERSON_MEMBERS = ["person", "kept", "merged"]; // the last two: of records that are merged or separated

/** The persons whom an event concerns: mostly one, and none of a workshop, a partner or figures. */
export function peopleOf({ data }: FeedEvent): string[] {
  const members = (data ?? {}) as Record<string, unknown>;
  return PERSON_MEMBERS.flatMap((name) => (typeof members[name] === "string" ? [members[name]] : []));
}
