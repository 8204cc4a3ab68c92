-- The role that services log in with (by membership): it reads the log, and appends to it through the function alone.
-- Without the right to INSERT it cannot go round the lock, and so cannot break the order of the log.
do $$
begin
    create role parcours_service nologin;
exception
    when duplicate_object or unique_violation then null;  -- roles belong to the whole server: another database was first
    when insufficient_privilege then raise notice 'role parcours_service is to be created by an administrator';
end
$$;

do $$
begin
    if to_regrole('parcours_service') is not null then
        revoke all on public.events from parcours_service;
        grant usage on schema public to parcours_service;
        grant select on public.events to parcours_service;
        grant select, insert, update on public.checkpoints to parcours_service;
        grant execute on function public.append_events to parcours_service;
    end if;
end
$$;

revoke execute on function public.append_events from public;
