/** The names of the interface, from its generated description: commands, queries, answers and events. */
import type { components as EventComponents } from "./generated/events.js";
import type { components, paths } from "./generated/openapi.js";

export type { components, paths };

export type Schemas = components["schemas"];
/** What an accepted command answers. Its `position` is opaque; a query that is given it sees this write. */
export type Answer = Schemas["Answer"];
export type Me = Schemas["Me"];
export type Programme = Schemas["ProgrammeAnswer"];
export type Figures = Schemas["Figures"];
export type Cell = Schemas["Cell"];
/** An RFC 9457 problem as it is sent: a stable `code` for programs, `title` and `detail` in French for people. */
export type ProblemBody = Schemas["Problem"];

type Named<Path> = Path extends `/v1/commands/${infer Name}` ? Name : never;
export type CommandName = Named<keyof paths>;
export type CommandBody<Name extends CommandName> =
  paths[`/v1/commands/${Name}`]["post"]["requestBody"]["content"]["application/json"];

type Readable = { get: { responses: { 200: { content: { "application/json": unknown } } } } };
/** The addresses that are read as JSON. */
export type QueryPath = { [Path in keyof paths]: paths[Path] extends Readable ? Path : never }[keyof paths];
type Reading<Path extends QueryPath> = paths[Path] extends Readable ? paths[Path]["get"] : never;
export type QueryAnswer<Path extends QueryPath> = Reading<Path>["responses"][200]["content"]["application/json"];

type Given<Part> = { [Name in keyof Part as Part[Name] extends undefined ? never : Name]: Part[Name] };
/** The parameters of a query: `{ path: { person }, query: { position } }`. */
export type QueryParameters<Path extends QueryPath> =
  Reading<Path> extends { parameters: infer Parts } ? Given<Pick<Parts, keyof Parts & ("path" | "query")>> : never;

export type EventData = EventComponents["schemas"]["EventData"];
type Envelope = Omit<Schemas["Event"], "type" | "data">;
/** What readers of masked figures hear: that figures of a territory have changed. */
export type FiguresChanged = Omit<Schemas["Hint"], "type"> & {
  type: "fr.parcours.reporting.FiguresChanged";
  subject?: never;
  data?: never;
};
/** What followers of `kind: "figures"` hear: which figures moved, once they can be read. */
export type FiguresMoved = Omit<Schemas["FiguresMoved"], "type"> & {
  type: "fr.parcours.reporting.FiguresMoved";
  subject?: never;
  data?: never;
};
type Told = FiguresChanged | FiguresMoved;
/** A CloudEvent of the feed. `event.type` tells which data it has; `peopleOf` whom any event concerns. */
export type FeedEvent = { [Type in keyof EventData]: Envelope & { type: Type; data: EventData[Type] } }[keyof EventData] | Told;
/** What a subscription may be limited to: a kind (`coaching.JourneyExited`) or a whole service (`coaching`). */
export type FeedFilter = NonNullable<NonNullable<paths["/v1/stream-tickets"]["post"]["parameters"]["query"]>["type"]>[number];
