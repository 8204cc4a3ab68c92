-- The events of a stream as packed lines of JSON: the log's own fields in front of the writer's bytes. A row holds 512 events at most.
select string_agg(
    '{"position":' || position || ',"streamversion":' || version || ',"recordedtime":' || to_json(recorded_at)::text
    || ',' || right(body::text, -1), E'\n' order by version
)
from public.events
where stream = $1 and version > $2
group by version / 512
order by version / 512
