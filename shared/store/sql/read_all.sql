-- The next events of the log as lines of JSON in one value, with how many they are and the position before them.
-- Each event ends its own line and begins the next one with {"previous":<its position>, so the chain that a reader checks is the
-- chain of what was really read; the reader puts the first line's beginning in front and takes the last one off.
-- `right(…, -1)` drops the brace of the writer's bytes: `substr` does the same, but counts every character first.
-- There is no GROUP BY: a hashed one may give the lines out of order. The aggregate takes them as the sorted subquery hands them out.
select
    string_agg(
        ',"position":' || position || ',"streamversion":' || version || ',"recordedtime":' || to_json(recorded_at)
        || ',' || right(body::text, -1) || E'\n{"previous":' || position, ''
    ),
    count(*),
    (select coalesce(max(b.position), 0) from public.events b where b.position <= $1)
from (select position, version, recorded_at, body from public.events where position > $1 order by position limit $2) as page
