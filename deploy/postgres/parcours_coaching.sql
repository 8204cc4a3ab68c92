do $$
begin
    create role parcours_coaching nologin;
exception
    when duplicate_object or unique_violation then null;  -- roles are shared by all databases of the server
    when insufficient_privilege then raise notice 'role parcours_coaching is to be created by an administrator';
end
$$;

do $$
begin
    if to_regrole('parcours_coaching') is null then
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
    from parcours_coaching;
    revoke all on function public.append_events, public.may_append, public.position_at from parcours_coaching;
    grant usage on schema public to parcours_coaching;
    grant select on public.events to parcours_coaching;
    grant select, insert, update on public.checkpoints to parcours_coaching;
    grant select, insert, update on public.coverage to parcours_coaching;
    grant select, insert, update on public.leases to parcours_coaching;
    grant execute on function public.position_at to parcours_coaching;
    grant select on public.writers to parcours_coaching;
    grant execute on function public.append_events to parcours_coaching;
    drop policy if exists parcours_coaching on public.checkpoints;
    drop policy if exists parcours_coaching on public.coverage;
    drop policy if exists parcours_coaching on public.leases;
    create policy parcours_coaching on public.checkpoints to parcours_coaching
    using (starts_with(name, 'coaching.'));
    create policy parcours_coaching on public.coverage to parcours_coaching
    using (starts_with(name, 'coaching.'));
    create policy parcours_coaching on public.leases to parcours_coaching
    using (starts_with(name, 'coaching.'));
    delete from public.writers where "role" = 'parcours_coaching';
    insert into public.writers values ('parcours_coaching',
    array['journey-', 'workshop-', 'equipment-', 'survey-', 'task-', 'task-', 'task-'],
    array['fr.parcours.coaching.', 'fr.parcours.coaching.', 'fr.parcours.coaching.', 'fr.parcours.coaching.', 'fr.parcours.reporting.TaskOpened', 'fr.parcours.reporting.RetryRefused', 'fr.parcours.reporting.TaskCompleted']);
end
$$;
