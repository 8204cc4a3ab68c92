do $$
begin
    create role parcours_intake nologin;
exception
    when duplicate_object or unique_violation then null;  -- roles are shared by all databases of the server
    when insufficient_privilege then raise notice 'role parcours_intake is to be created by an administrator';
end
$$;

do $$
begin
    if to_regrole('parcours_intake') is null then
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
    from parcours_intake;
    revoke all on function public.append_events, public.may_append, public.position_at from parcours_intake;
    grant usage on schema public to parcours_intake;
    grant select on public.events to parcours_intake;
    grant select, insert, update on public.checkpoints to parcours_intake;
    grant select, insert, update on public.coverage to parcours_intake;
    grant select, insert, update on public.leases to parcours_intake;
    grant execute on function public.position_at to parcours_intake;
    grant select on public.writers to parcours_intake;
    grant execute on function public.append_events to parcours_intake;
    drop policy if exists parcours_intake on public.checkpoints;
    drop policy if exists parcours_intake on public.coverage;
    drop policy if exists parcours_intake on public.leases;
    create policy parcours_intake on public.checkpoints to parcours_intake
    using (starts_with(name, 'intake.') or starts_with(name, 'person_keys'));
    create policy parcours_intake on public.coverage to parcours_intake
    using (starts_with(name, 'intake.') or starts_with(name, 'person_keys'));
    create policy parcours_intake on public.leases to parcours_intake
    using (starts_with(name, 'intake.') or starts_with(name, 'person_keys'));
    delete from public.writers where "role" = 'parcours_intake';
    insert into public.writers values ('parcours_intake',
    array['person-', 'orientation-', 'task-', 'task-', 'task-'],
    array['fr.parcours.intake.', 'fr.parcours.intake.', 'fr.parcours.reporting.TaskOpened', 'fr.parcours.reporting.RetryRefused', 'fr.parcours.reporting.TaskCompleted']);
end
$$;
