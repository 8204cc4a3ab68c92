/** Requests that are answered late: nobody is there at first, or there are too many of them. */
import { command, newKey, Parcours, Problem, Unreachable } from "@parcours/client";

import { given, tell } from "./program.js";

const { url, tokens, people, attempts } = given<{ people: number; attempts: number }>();
const seen: number[] = [];
const watched: typeof fetch = async (input, init) => {
  const response = await fetch(input, init).catch((fault: unknown) => {
    tell({ failed: true });
    throw fault;
  });
  seen.push(response.status);
  return response;
};
const coach = new Parcours({ baseUrl: url, token: async () => tokens["coach"], fetch: watched, retry: { attempts, longest: 2 } });

async function meet() {
  const data = { person: newKey(), channel: "RUE", place: "Marché", radar: "NON_INSCRIT" } as const;
  try {
    return { recorded: (await coach.send(command("IdentifyPerson", { territory: "alencon", data }))).position };
  } catch (fault) {
    if (fault instanceof Problem || fault instanceof Unreachable) return { fault: String(fault) };
    throw fault;
  }
}

for (const outcome of await Promise.all(Array.from({ length: people }, meet))) tell(outcome);
tell({ statuses: [...new Set(seen)].sort() });
