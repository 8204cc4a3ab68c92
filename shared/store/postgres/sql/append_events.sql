-- Appends to the log, each all or nothing and on its own terms. Answers two numbers for each append:
--   position, version   where its last event now is (or was already: the same events appended again get their first answer)
--   -1, version         a conflict: the stream is at this version, not at the expected one
--
-- Why the lock is taken before the position is drawn.
-- A reader tails the log by "position > the last one I saw". If A drew 7, B drew 8, and B committed first, a reader would see 8, save
-- it, and never ask for 7 again: the event is lost for ever to whoever tails. Sequences and serial columns do exactly this. So all
-- writers pass through one lock, draw the position under it, and the lock (of the transaction, not of the session) is let go by
-- PostgreSQL only after the commit is visible to others. Positions therefore become visible in their order. Neither half may move:
-- a lock taken after drawing, or released before the commit, is the same bug again.
--
-- Why this is plpgsql, VOLATILE, at READ COMMITTED. Each statement inside takes a new snapshot, so the one that reads the last position
-- runs after the lock was granted and sees what the previous holder committed. With one snapshot for the whole call (an SQL function
-- that is inlined, STABLE, or REPEATABLE READ) it would read the log as it was before it waited. The connection sets the isolation.
--
-- The time of recording never goes backwards: the log is sorted by it, and `position_at` relies on that.
--
-- The log's own fields are put in front of the writer's bytes here, for only the holder of the lock knows them; so a reader is handed
-- what is stored, as it is. `previous` is stored too: who reads in order holds a chain, and sees it broken where a row is missing.
-- `right(…, -1)` drops the brace of the writer's bytes: `substr` does the same, but counts every character first.
--
-- Whether an event is there already is seen in its text: what the log put in front ends at the first `","`, for all before it are numbers
-- and a time; behind it are the writer's bytes without their brace, and they begin with the id (or else all of them are compared).
-- `->>` will not do: it makes text of the whole event to find one field, and no text holds the character U+0000, which JSON does.
create or replace function public.append_events(
    streams text[], expected bigint[], sizes integer[], moments timestamptz[], types text[], bodies text[]
) returns bigint[]
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $$
declare
    answers bigint[] := '{}';
    place bigint;
    recorded timestamptz;
    actual bigint;
    first integer := 1;
    final integer;
    known bigint;
begin
    perform pg_advisory_xact_lock(7061727);
    select e.position, e.recorded_at into place, recorded from public.events e order by e.position desc limit 1;
    place := coalesce(place, 0);
    for n in 1 .. cardinality(streams) loop
        final := first + sizes[n] - 1;
        select e.version into actual from public.events e where e.stream = streams[n] order by e.version desc limit 1;
        actual := coalesce(actual, 0);
        if actual = expected[n] then
            recorded := greatest(recorded, coalesce(moments[n], clock_timestamp()));
            for i in 1 .. sizes[n] loop
                insert into public.events (position, stream, version, type, recorded_at, message) values (
                    place + i, streams[n], actual + i, types[first + i - 1], recorded,
                    format(
                        '{"previous":%s,"position":%s,"streamversion":%s,"recordedtime":%s,%s',
                        place + i - 1, place + i, actual + i, to_json(recorded), right(bodies[first + i - 1], -1)
                    )::json
                );
            end loop;
            place := place + sizes[n];
            answers := answers || place || (actual + sizes[n]);
        else
            select case when count(*) = sizes[n] then max(e.position) end into known
            from public.events e
            where e.stream = streams[n] and e.version between expected[n] + 1 and expected[n] + sizes[n]
            and starts_with(
                substr(e.message::text, strpos(e.message::text, '","') + 2),
                coalesce(
                    substring(bodies[first + (e.version - expected[n])::integer - 1] from '^\{("id":"[^"]*")'),
                    right(bodies[first + (e.version - expected[n])::integer - 1], -1)
                )
            );
            if known is null then
                answers := answers || -1::bigint || actual;
            else
                answers := answers || known || (expected[n] + sizes[n]);
            end if;
        end if;
        first := final + 1;
    end loop;
    return answers;
end
$$;
