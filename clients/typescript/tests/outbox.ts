/** An outbox in a file. `add` keeps commands while nobody answers; `start` sends what waits, and ends when nothing does. */
import { Outbox, type CommandBody } from "@parcours/client";
import { FileStorage } from "@parcours/client/node";

import { as, given, tell } from "./program.js";

const asked = given<{ path: string; owner: string; people?: string[] }>();
const outbox = new Outbox(as("coach", asked), {
  owner: asked.owner,
  storage: await FileStorage.open(asked.path),
  onChange: (entry) => tell(entry),
  onInterrupted: (fault) => tell({ interrupted: String(fault) }),
});
const met = (person: string): CommandBody<"IdentifyPerson"> => ({
  territory: "alencon",
  data: { person, channel: "RUE", place: "Marché", radar: "NON_INSCRIT" },
});
for (const person of asked.people ?? []) {
  await outbox.add("IdentifyPerson", met(person));
  await outbox.add("OpenJourney", { territory: "alencon", data: { person, referent: "coach-1" } });
}
if (asked.people) {
  await outbox.add("OpenJourney", { territory: "alencon", data: { person: "never-met", referent: "coach-1" } });
  await outbox.add("CloseContact", { territory: "alencon", data: { person: asked.people[0]!, reason: "NO_SUCH" as "REFUS" } });
}
const ended = new AbortController();
void outbox.start(ended.signal);
const look = setInterval(() => {
  void outbox.entries().then((entries) => {
    if (entries.every((entry) => entry.state !== "waiting")) {
      clearInterval(look);
      ended.abort();
      void outbox.flush().then(() => process.exit(0)); // once what is sent at present is noted in the file
    }
  });
}, 100);
