/** A page with an outbox in the IndexedDB of the browser. Its test gives it commands. */
import { IndexedDbStorage, Outbox, Parcours, type OutboxEntry } from "@parcours/client";

const given = new URLSearchParams(location.hash.slice(1));
const parcours = new Parcours({ baseUrl: given.get("gateway")!, token: given.get("token")!, retry: { attempts: 1, longest: 2 } });
const page = { interruptions: 0, told: [] as string[], meet, states, forget };
const outbox = new Outbox(parcours, {
  owner: "coach-1",
  storage: new IndexedDbStorage(),
  onChange: (entry) => page.told.push(`${person(entry)} ${entry.state}`),
  onRemove: (entry) => page.told.push(`${person(entry)} removed`),
  onInterrupted: () => page.interruptions++,
});
void outbox.start(new AbortController().signal);

function person({ command }: OutboxEntry): string {
  return command.name === "IdentifyPerson" ? command.body.data.person : "";
}

async function meet(person: string): Promise<OutboxEntry> {
  return outbox.add("IdentifyPerson", { territory: "alencon", data: { person, channel: "RUE", place: "Marché", radar: "NON_INSCRIT" } });
}

async function states(): Promise<string[]> {
  return (await outbox.entries()).map((entry) => `${person(entry)} ${entry.state}`);
}

async function forget(): Promise<void> {
  for (const entry of await outbox.entries()) await outbox.remove(entry);
}

Object.assign(globalThis, { page });
