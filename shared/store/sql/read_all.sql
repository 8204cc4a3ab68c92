-- A page of the log as packed lines of JSON, each with the position before its own. A row holds 512 positions at most.
select string_agg(line, E'\n')
from (
    select position / 512 as pack,
        '{"previous":' || lag(position, 1, (select coalesce(max(b.position), 0) from public.events b where b.position <= $1)) over (order by position)
        || ',"position":' || position || ',"streamversion":' || version || ',"recordedtime":' || to_json(recorded_at)::text
        || ',' || substr(body::text, 2) as line
    from public.events
    where position > $1
    order by position
    limit $2
) as page
group by pack
order by pack
