-- The role that services log in with, as members of it: it reads the log, and appends only through the function.
-- It has no right to INSERT, so it cannot bypass the lock and break the order of the log.
do $$
begin
    create role parcours_service nologin;
exception
    when duplicate_object or unique_violation then null;  -- roles are shared by all databases of the server
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
        grant select, insert, update on public.webhooks to parcours_service;
        grant select, insert, update, delete on public.webhook_deliveries to parcours_service;
        grant execute on function public.append_events to parcours_service;
    end if;
end
$$;

revoke execute on function public.append_events from public;
