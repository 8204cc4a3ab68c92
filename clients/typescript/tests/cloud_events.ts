/** The official SDK reads what the product sends, in structured mode, and carries it in binary mode and back. */
import { CloudEvent, HTTP } from "cloudevents";

import { as, given, tell } from "./program.js";

const asked = given<{ role: string; paged: boolean }>();
const client = as(asked.role, asked);
const ended = new AbortController();
const seen: unknown[] = [];

function check(body: string): void {
  const event = HTTP.toEvent({ headers: { "content-type": "application/cloudevents+json" }, body });
  if (!(event instanceof CloudEvent)) throw new Error("a batch, or none");
  event.validate();
  const sent = HTTP.binary(event);
  const back = HTTP.toEvent({ headers: sent.headers, body: sent.body });
  if (!(back instanceof CloudEvent)) throw new Error("a batch, or none");
  back.validate();
  // The SDK adds a content type to what has no data.
  const attributes = ({ data, datacontenttype, ...rest }: Record<string, unknown>) =>
    Object.entries(rest).map(([name, value]) => `${name}=${String(value)}`).sort();
  seen.push({
    type: event.type,
    position: Number(event["position"]),
    names: Object.entries(event.toJSON()).flatMap(([name, value]) => (value === undefined ? [] : [name])).sort(),
    data: JSON.stringify(event.data ?? null) === JSON.stringify(back.data ?? null),
    attributes: JSON.stringify(attributes(event.toJSON())) === JSON.stringify(attributes(back.toJSON())),
  });
}

if (asked.paged) {
  const { events } = await client.get("/v1/events", { query: { after: 0, limit: 1000 } });
  for (const event of events) check(JSON.stringify(event));
}

const request = new Request(`${asked.url}/v1/stream?after=0`, { headers: { Accept: "text/event-stream" }, signal: ended.signal });
const reader = (await client.request(request)).body!.pipeThrough(new TextDecoderStream()).getReader();
for (let text = "", live = false; !live; ) {
  text += (await reader.read()).value ?? "";
  const frames = text.split("\n\n");
  text = frames.pop()!;
  for (const frame of frames) {
    const data = frame.split("\n").find((line) => line.startsWith("data: "));
    if (data) check(data.slice(6));
    live ||= frame.startsWith(":"); // a sign of life: everything that was recorded has been told
  }
}
for (const each of seen) tell(each);
ended.abort();
