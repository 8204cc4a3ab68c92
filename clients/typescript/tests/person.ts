/** A person's whole way, from the first meeting to the news three months after, as a frontend would send it. */
import { command, newKey, Problem, type CommandBody, type CommandName, type Schemas } from "@parcours/client";

import { as, given, tell } from "./program.js";

const asked = given();
const coach = as("coach", asked);
const coordinator = as("coordinator", asked);
const prescriber = as("prescriber", asked);
const partner = as("partner", asked);

const [person, orientation, referral, outcome] = [newKey(), newKey(), newKey(), newKey()];
const at = (days: number) => new Date(Date.UTC(2024, 1, 1 + days, 9)).toISOString();
const territory = "alencon";

async function send<Name extends CommandName>(
  name: Name,
  data: CommandBody<Name>["data"],
  { days, sender = coach }: { days: number; sender?: typeof coach },
) {
  return sender.send(command(name, { territory, time: at(days), data } as CommandBody<Name>));
}

/** What the frontend shows after its own write: the person, and which buttons lead somewhere. */
async function standing(position: number): Promise<{ state: Schemas["PersonState"]; next: Set<string> }> {
  const { person: state, next } = await coach.get("/v1/people/{person}", { path: { person }, query: { position } });
  return { state, next: new Set(next.filter((each) => each.allowed).map((each) => each.command)) };
}

/** What a policy does comes a moment later: ask until it is there. */
async function until<T>(ask: () => Promise<T | false>): Promise<T> {
  for (;;) {
    const found = await ask();
    if (found !== false) return found;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

const met = command("IdentifyPerson", {
  territory,
  time: at(0),
  data: { person, channel: "PARTENAIRE", place: "Maison de quartier", radar: "NON_INSCRIT", qpv: { vintage: 2024, name: "Perseigne" } },
});
const first = await coach.send(met);
const again = await coach.send(met);
tell({ same: JSON.stringify(first) === JSON.stringify(again) });
tell({ before: [...(await standing(first.position)).next] });

const received = { orientation, person, kind: "MISSION_LOCALE", needs: [], urgency: false, consent: true } as const;
await send("ReceiveOrientation", { ...received, needs: [] }, { days: 1, sender: prescriber });
const accepted = await send("AcceptOrientation", { orientation, referent: "coach-1" }, { days: 2 });
const opened = await until(async () => {
  const seen = await standing(accepted.position);
  return seen.state.journeys.length > 0 && seen;
});
tell({ opened: [...opened.next] });

await send("HoldInterview", { person, mode: "PRESENTIEL", minutes: 45 }, { days: 21 });
const listed = { partner: "ml-alencon", label: "Mission locale", services: ["accompagnement"] };
await send("ListPartner", listed, { days: 0, sender: coordinator });
const referred = { person, referral, partner: "ml-alencon", thematique: "mobilite--financer-ma-mobilite", consent: "c-1" };
await send("SendReferral", { ...referred, shared_fields: ["needs"] }, { days: 22 });
await send("AcceptReferral", { person, referral }, { days: 23, sender: partner });
await send("FindJob", { person, outcome, contract: "CDI", weekly_hours: 35, evidence: "CONTRAT" }, { days: 80 });
await send("ExitJourney", { person, exit_on: at(81).slice(0, 10), reason: "OUTCOME", outcomes: [outcome] }, { days: 81 });
const followed = { person, rank: 1, milestone: "M3", situation: "EMPLOI", still_in_outcome: true, channel: "TELEPHONE" } as const;
const last = await until(async () => {
  try {
    return await send("CompleteFollowUp", followed, { days: 175 });
  } catch (fault) {
    if (fault instanceof Problem && fault.status === 409) return false; // the policy has not scheduled it yet
    throw fault;
  }
});
const left = await standing(last.position);
tell({ left: left.state.journeys });

const { items } = await coach.get("/v1/people/{person}/timeline", { path: { person }, query: { position: last.position } });
tell({ person, timeline: items.map((line) => line.kind) });
// @ts-expect-error a path with a parameter is not asked without it
export const withoutItsPath = () => coach.get("/v1/people/{person}");
for (const refused of [
  () => send("HoldInterview", { person, mode: "VISIO", minutes: 30 }, { days: 176 }),
  () => send("IdentifyPerson", { person: newKey(), channel: "FUSEE" as "RUE", place: "", radar: "NON_INSCRIT" }, { days: 176 }),
  () => coordinator.get("/v1/people/{person}", { path: { person: "nobody" } }),
]) {
  const fault: unknown = await refused().then(() => "accepted", (thrown: unknown) => thrown);
  if (!(fault instanceof Problem)) throw new Error(`no problem: ${String(fault)}`);
  tell({ status: fault.status, code: fault.code, faults: Object.keys(fault.faults), message: fault.message });
}
