-- Who may append what: of each role, how the names of its streams begin and, at the same place, how the types of its events in them begin.
-- The owner of the log appends anything, and so does a role that all services share; whoever else is logged in, what its role may.
-- Rows are written by rights.py, from what the services say of themselves.
create table if not exists public.writers ("role" name primary key, streams text[] not null, types text[] not null);

-- Whether whoever is logged in may make these appends: the arrays are those of append_events, which asks before it takes its lock.
-- Readers take an event to be what its line says, and of a name that is twice in it, the last one, as jsonb does: so the line must say what
-- was judged, and nothing of what the log alone knows. A text of jsonb cannot hold U+0000, which JSON allows: it is taken for a space here,
-- for the comparison alone. Expressions without FROM take plpgsql a fraction of what a query takes: there is one, which finds one row.
create or replace function public.may_append(streams text[], sizes integer[], types text[], bodies text[]) returns boolean
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    stream_starts text[];
    type_starts text[];
    before integer := 0;
    said jsonb;
    may boolean;
begin
    if coalesce(pg_has_role(session_user, to_regrole('parcours_service'), 'usage'), false) then
        return true;
    end if;
    select w.streams, w.types into stream_starts, type_starts from public.writers w where w."role" = session_user;
    if not found then -- a user that is a member of the role
        select array_agg(each.stream), array_agg(each.type) into stream_starts, type_starts
        from public.writers w, unnest(w.streams, w.types) as each (stream, type)
        where to_regrole(w."role"::text) is not null and pg_has_role(session_user, w."role", 'usage');
    end if;
    for n in 1 .. cardinality(streams) loop
        for k in before + 1 .. before + sizes[n] loop
            may := false;
            for i in 1 .. coalesce(cardinality(stream_starts), 0) loop
                may := may or (starts_with(streams[n], stream_starts[i]) and starts_with(types[k], type_starts[i]));
            end loop;
            said := replace(bodies[k], '\u0000', '\u0020')::jsonb;
            if may is not true or (said ->> 'type', said ->> 'subject') is distinct from (types[k], streams[n])
                or said ?| array['previous', 'position', 'streamversion', 'recordedtime'] then
                return false;
            end if;
        end loop;
        before := before + sizes[n];
    end loop;
    return true;
end
$$;

revoke execute on function public.may_append from public;
