-- Append to the log. Each append is all or nothing, and judged on its own. Returns two numbers for each append:
--   position, version   of its last event, recorded now or before: the same events appended again get their first answer
--   -1, version         a conflict: the stream is at this version, not at the expected one
--
-- Why the lock is taken before the positions are chosen.
-- A reader follows the log with "position > the last one I have seen". If A chose 7, B chose 8, and B committed first, a reader would see
-- 8, save it, and never ask for 7 again: it would miss that event for ever. Sequences and serial columns behave exactly like that.
-- So all writers pass through one lock and choose positions while they hold it. The lock belongs to the transaction, not to the session:
-- PostgreSQL releases it only after the commit is visible to others. Positions therefore become visible in their order. Both halves are
-- necessary: a lock taken after a position is chosen, or released before the commit, has the same bug again.
--
-- Why this is plpgsql, VOLATILE, at READ COMMITTED. Each statement inside takes a new snapshot, so the one that reads the last position,
-- which runs after the lock was granted, sees what the previous holder committed. With one snapshot for the whole call (an SQL function
-- that is inlined, STABLE, or REPEATABLE READ) it would see the log as it was before the wait. The connection sets the isolation level.
-- The lock is taken in a condition, which plpgsql evaluates without the executor; it returns nothing, which is not null.
--
-- Why each append is one INSERT, of one event or of hundreds. A statement costs more than a row: a hundred rows take half the time of a
-- hundred statements, and one row takes hardly longer than with VALUES. The connection forbids plans for the values of a single call
-- (`plan_cache_mode`), because the planner would otherwise plan this statement at each call, for the number of rows that it has.
--
-- Appends to different streams that are all at their expected versions, which is what most groups are, have one look and one INSERT
-- together: no append then depends on the rows of another one. Any other call goes append by append, and finds conflicts and repetitions.
--
-- The recording time never decreases: the log is sorted by it, and `position_at` relies on that.
--
-- The log's own fields are written here before the writer's bytes, because only the holder of the lock knows them; readers then get the
-- stored message unchanged. `previous` is stored too: it links each event to the one before it, so a reader notices a missing row.
-- The time is written in UTC whatever the time zone of the session, by its own expression: a SET of the function would be set and unset
-- at each call. `right(…, -1)` removes the opening brace of the writer's bytes: `substr` does too, but it counts all characters first.
--
-- Who is logged in (`session_user`) may append what its role may (writers.sql). `current_user` is the owner in here, and appends anything.
--
-- How an event is recognised that was recorded before: by its stored text. The log's own fields contain only numbers and a time, so the
-- first `","` is where they end. After it are the writer's bytes without the brace; these begin with the id, which is compared (if they
-- do not, they are compared as a whole). `->>` cannot be used: it converts strings to text, and text cannot contain U+0000, which
-- JSON allows.
create or replace function public.append_events(
    streams text[], expected bigint[], sizes integer[], moments timestamptz[], types text[], bodies text[]
) returns bigint[]
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    answers bigint[] := '{}';
    place bigint;
    recorded timestamptz;
    recorded_text text;
    actual bigint;
    before integer := 0;
    known bigint;
    apart boolean;  -- whether all streams are different, and each is at the expected version
    names text[];  -- of each event: its stream, and the version before it
    versions bigint[];
begin
    if not (pg_has_role(session_user, current_user, 'usage') or public.may_append(streams, sizes, types, bodies)) then
        raise exception 'permission denied: % may not append these events', session_user using errcode = 'insufficient_privilege';
    end if;
    if pg_advisory_xact_lock(7061727) is null then
        return null;
    end if;
    select e.position, e.recorded_at into place, recorded from public.events e order by e.position desc limit 1;
    place := coalesce(place, 0);
    if moments is null and cardinality(streams) > 1 then
        select count(distinct asked.stream) = cardinality(streams) and bool_and(asked.expected = coalesce((
            select e.version from public.events e where e.stream = asked.stream order by e.version desc limit 1
        ), 0)) into apart
        from unnest(streams, expected) as asked (stream, expected);
    end if;
    if apart then
        recorded := greatest(recorded, clock_timestamp());
        recorded_text := left(to_json(recorded at time zone 'UTC')::text, -1) || '+00:00"';
        names := streams;
        versions := expected;
        if cardinality(streams) <> cardinality(bodies) then
            select array_agg(asked.stream order by asked.n, i), array_agg(asked.expected + i - 1 order by asked.n, i) into names, versions
            from unnest(streams, expected, sizes) with ordinality as asked (stream, expected, size, n), generate_series(1, asked.size) as i;
        end if;
        insert into public.events (position, stream, version, type, recorded_at, message)
        select place + n, stream, version + 1, type, recorded, format(
            '{"previous":%s,"position":%s,"streamversion":%s,"recordedtime":%s,%s',
            place + n - 1, place + n, version + 1, recorded_text, right(body, -1)
        )::json
        from unnest(names, versions, types, bodies) with ordinality as event (stream, version, type, body, n);
        for n in 1 .. cardinality(streams) loop
            place := place + sizes[n];
            answers := answers || place || (expected[n] + sizes[n]);
        end loop;
        return answers;
    end if;
    for n in 1 .. cardinality(streams) loop
        select e.version into actual from public.events e where e.stream = streams[n] order by e.version desc limit 1;
        actual := coalesce(actual, 0);
        if actual = expected[n] then
            recorded := greatest(recorded, coalesce(moments[n], clock_timestamp()));
            recorded_text := left(to_json(recorded at time zone 'UTC')::text, -1) || '+00:00"';
            insert into public.events (position, stream, version, type, recorded_at, message)
            select place + i, streams[n], actual + i, types[before + i], recorded, format(
                '{"previous":%s,"position":%s,"streamversion":%s,"recordedtime":%s,%s',
                place + i - 1, place + i, actual + i, recorded_text, right(bodies[before + i], -1)
            )::json
            from generate_series(1, sizes[n]) as i;
            place := place + sizes[n];
            answers := answers || place || (actual + sizes[n]);
        else
            select case when count(*) = sizes[n] then max(e.position) end into known
            from public.events e
            where e.stream = streams[n] and e.version between expected[n] + 1 and expected[n] + sizes[n]
            and starts_with(
                substr(e.message::text, strpos(e.message::text, '","') + 2),
                coalesce(
                    substring(bodies[before + (e.version - expected[n])::integer] from '^\{("id":"[^"]*")'),
                    right(bodies[before + (e.version - expected[n])::integer], -1)
                )
            );
            if known is null then
                answers := answers || -1::bigint || actual;
            else
                answers := answers || known || (expected[n] + sizes[n]);
            end if;
        end if;
        before := before + sizes[n];
    end loop;
    return answers;
end
$$;
