/** A wall for the room of a committee: the figures of its territory, read again whenever the feed says that they changed. */
import { type Cell, Parcours, Problem, type Schemas, type Subscription } from "@parcours/client";

const KEYS = ["people_met", "redirection_rate", "positive_rate", "progress_rate"];
const number = new Intl.NumberFormat("fr-FR");
const hour = new Intl.DateTimeFormat("fr-FR", { dateStyle: "long", timeStyle: "short" });

interface View {
  programme: string;
  territory: string;
  quarter: Schemas["Quarter"] | undefined;
  declared: Schemas["Declaration"][];
  cells: Record<string, Cell>;
}

const element = <Kind extends HTMLElement>(id: string) => document.getElementById(id) as Kind;

function add(parent: HTMLElement, tag: string, text = ""): HTMLElement {
  const child = parent.appendChild(document.createElement(tag));
  child.textContent = text;
  return child;
}

/** « 1 à 4 »: what stands for a number that is not shown exactly. */
function band(least: number | null, most: number | null): string {
  if (least === null || most === null) return "non montré";
  return least === most ? number.format(least) : `${number.format(least)} à ${number.format(most)}`;
}

const UNITS: Record<string, (value: number) => string> = {
  percent: (value) => `${number.format(value)}\u202f%`,
  points: (value) => `${value > 0 ? "+" : ""}${number.format(value)} point${Math.abs(value) > 1 ? "s" : ""}`,
  days: (value) => `${number.format(value)} jour${Math.abs(value) > 1 ? "s" : ""}`,
  rating: (value) => `${number.format(value)} / 5`,
};

/** A figure as people read it, and the counts behind it. */
function written(cell: Cell | undefined, unit: string): { figure: string; counts: string; masked: boolean } {
  if (!cell) return { figure: "–", counts: "", masked: false };
  if ("least" in cell) {
    const counts = cell.of_least === null ? "" : `sur ${band(cell.of_least, cell.of_most)}`;
    return { figure: band(cell.least, cell.most), counts, masked: true };
  }
  if ("masked" in cell) return { figure: "non montré", counts: "", masked: true };
  const [value, shown] = "percent" in cell ? [cell.percent, "percent"] : [cell.value, unit];
  const figure = value === null ? "–" : (UNITS[shown] ?? number.format)(value);
  const counts = "percent" in cell ? `${number.format(cell.numerator)} sur ${number.format(cell.denominator)}` : "";
  return { figure, counts, masked: false };
}

/** Everything that the wall shows, asked anew. A reading that is given a position waits until its event is counted. */
async function read(parcours: Parcours, position?: number): Promise<View> {
  const [me, programme, { quarters }, { indicators: declared }] = await Promise.all([
    parcours.get("/v1/me"),
    parcours.get("/v1/programme"),
    parcours.get("/v1/quarters"),
    parcours.get("/v1/definitions"),
  ]);
  const id = me.everywhere ? "all" : me.territories[0]!;
  const label = programme.territories.find((each) => each.id === id)?.label ?? "Tous les territoires";
  const [quarter] = [...quarters].sort((one, other) => other.id.localeCompare(one.id));
  const figures = quarter && (await parcours.get("/v1/indicators", { query: { territory: id, quarter: quarter.id, position } }));
  return { programme: programme.label, territory: label, quarter, declared, cells: figures?.indicators ?? {} };
}

function show({ programme, territory, quarter, declared, cells }: View): void {
  element("programme").textContent = programme;
  element("territory").textContent = territory;
  const [year, nth] = quarter?.id.split("-Q") ?? [];
  const ordinal = nth === "1" ? "1er" : `${nth}e`;
  element("quarter").textContent = quarter ? `${ordinal} trimestre ${year}` : "Aucun trimestre n’a encore de chiffres";
  element("keys").replaceChildren();
  element("sections").replaceChildren();
  const lists = new Map<string, HTMLElement>();
  for (const { id, label, section, unit } of declared.filter((each) => each.id in cells)) {
    const { figure, counts, masked } = written(cells[id], unit);
    const line = KEYS.includes(id) ? add(element("keys"), "li") : add(lists.get(section) ?? list(section, lists), "div");
    line.dataset["indicator"] = id;
    line.classList.toggle("masked", masked);
    const isKey = line.tagName === "LI";
    if (!isKey) add(line, "dt", label);
    add(line, isKey ? "b" : "dd", figure);
    if (isKey) add(line, "span", label);
    if (counts) add(line.lastElementChild as HTMLElement, "small", counts);
  }
}

function list(section: string, lists: Map<string, HTMLElement>): HTMLElement {
  const block = add(element("sections"), "section");
  add(block, "h2", section);
  lists.set(section, add(block, "dl"));
  return lists.get(section)!;
}

function feed(state: "live" | "away" | "over", text: string): void {
  element("feed").dataset["state"] = state;
  element("feed").textContent = text;
}

/** Show the wall and keep it true. Events that come during a reading are read together in the next one. */
async function follow(parcours: Parcours): Promise<Subscription> {
  let [asked, reading, position]: [boolean, boolean, number | undefined] = [false, false, undefined];
  const again = async () => {
    asked = true;
    if (reading) return;
    reading = true;
    try {
      while (asked) {
        asked = false;
        show(await read(parcours, position));
      }
      feed("live", `En direct · chiffres lus le ${hour.format(new Date())}`);
    } catch (fault) {
      feed("away", fault instanceof Problem ? fault.message : "Parcours ne répond pas ; voici les derniers chiffres lus.");
      setTimeout(again, 5_000);
    } finally {
      reading = false;
    }
  };
  show(await read(parcours));
  return parcours.subscribe({
    onEvent: (event) => {
      position = event.position;
      void again();
    },
    onOpen: () => void again(),
    onInterrupted: () => feed("away", "Connexion interrompue ; elle reprendra d’elle-même."),
    onEnd: (fault) => feed("over", fault instanceof Problem ? fault.message : "La session a pris fin."),
  });
}

const form = element<HTMLFormElement>("login");
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const given = new FormData(form);
  try {
    await follow(new Parcours({ baseUrl: String(given.get("gateway")), token: String(given.get("token")) }));
    [form.hidden, element("wall").hidden] = [true, false];
  } catch (fault) {
    element("refusal").textContent = fault instanceof Problem ? fault.message : "Parcours ne répond pas à cette adresse.";
  }
});

// What follows # in the address is sent to no server: #gateway=http://127.0.0.1:8000&token=… shows the wall at once.
const given = new URLSearchParams(location.hash.slice(1));
history.replaceState(null, "", location.pathname);
for (const [name, value] of given) form.querySelector(`input[name="${CSS.escape(name)}"]`)?.setAttribute("value", value);
if (given.has("token")) form.requestSubmit();
