do $$
begin
    create role parcours_reporting nologin;
exception
    when duplicate_object or unique_violation then null;  -- roles are shared by all databases of the server
    when insufficient_privilege then raise notice 'role parcours_reporting is to be created by an administrator';
end
$$;

do $$
begin
    if to_regrole('parcours_reporting') is null then
        return;
    end if;
    revoke all on public.events,
        public.checkpoints,
        public.leases,
        public.writers,
        public.tree_heads,
        public.webhooks,
        public.webhook_deliveries,
        public.coverage,
        public.ended_sessions,
        public.command_keys,
        public.login_links
    from parcours_reporting;
    revoke all on function public.append_events, public.may_append, public.position_at from parcours_reporting;
    grant usage on schema public to parcours_reporting;
    grant select on public.events to parcours_reporting;
    grant select, insert, update on public.checkpoints to parcours_reporting;
    grant select, insert, update on public.coverage to parcours_reporting;
    grant select, insert, update on public.leases to parcours_reporting;
    grant execute on function public.position_at to parcours_reporting;
    grant select on public.writers to parcours_reporting;
    grant execute on function public.append_events to parcours_reporting;
    drop policy if exists parcours_reporting on public.checkpoints;
    drop policy if exists parcours_reporting on public.coverage;
    drop policy if exists parcours_reporting on public.leases;
    create policy parcours_reporting on public.checkpoints to parcours_reporting
    using (starts_with(name, 'reporting.') or starts_with(name, 'figures') or starts_with(name, 'coverage.reporting'));
    create policy parcours_reporting on public.coverage to parcours_reporting
    using (starts_with(name, 'reporting.') or starts_with(name, 'figures') or starts_with(name, 'coverage.reporting'));
    create policy parcours_reporting on public.leases to parcours_reporting
    using (starts_with(name, 'reporting.') or starts_with(name, 'figures') or starts_with(name, 'coverage.reporting'));
    delete from public.writers where "role" = 'parcours_reporting';
    insert into public.writers values ('parcours_reporting',
    array['definitions', 'targets', 'releases', 'facts-set-aside', 'log-restorations', 'task-'],
    array['fr.parcours.reporting.', 'fr.parcours.reporting.', 'fr.parcours.reporting.', 'fr.parcours.reporting.', 'fr.parcours.reporting.', 'fr.parcours.reporting.']);
end
$$;
