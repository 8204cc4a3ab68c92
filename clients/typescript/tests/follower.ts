/** A subscription that tells each event, until SIGTERM closes it: then nothing keeps the process. */
import { peopleOf } from "@parcours/client";
import { EventSource } from "eventsource";

import { as, given, tell } from "./program.js";

const asked = given<{ transport: "ticket" | "header"; role: string; after?: number; kind?: "events" | "figures" }>();
const subscription = as(asked.role, asked).subscribe({
  transport: asked.transport,
  EventSource,
  ...(asked.kind === undefined ? {} : { kind: asked.kind }),
  ...(asked.after === undefined ? {} : { after: asked.after }),
  onEvent: (event) => {
    if (event.type === "fr.parcours.reporting.FiguresMoved") return tell({ moved: event.cells.map(({ indicator }) => indicator) });
    tell({ position: event.position, id: event.id, type: event.type, people: peopleOf(event) });
  },
  onOpen: (complete) => tell({ open: complete }),
  onInterrupted: (fault) => tell({ interrupted: fault ? String(fault) : "" }),
  onEnd: (fault) => tell({ ended: String(fault) }),
});
process.once("SIGTERM", () => subscription.close());
