do $$
begin
    create role parcours_referrals nologin;
exception
    when duplicate_object or unique_violation then null;  -- roles are shared by all databases of the server
    when insufficient_privilege then raise notice 'role parcours_referrals is to be created by an administrator';
end
$$;

do $$
begin
    if to_regrole('parcours_referrals') is null then
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
    from parcours_referrals;
    revoke all on function public.append_events, public.may_append, public.position_at from parcours_referrals;
    grant usage on schema public to parcours_referrals;
    grant select on public.events to parcours_referrals;
    grant select, insert, update on public.checkpoints to parcours_referrals;
    grant select, insert, update on public.coverage to parcours_referrals;
    grant select, insert, update on public.leases to parcours_referrals;
    grant execute on function public.position_at to parcours_referrals;
    grant select on public.writers to parcours_referrals;
    grant execute on function public.append_events to parcours_referrals;
    drop policy if exists parcours_referrals on public.checkpoints;
    drop policy if exists parcours_referrals on public.coverage;
    drop policy if exists parcours_referrals on public.leases;
    create policy parcours_referrals on public.checkpoints to parcours_referrals
    using (starts_with(name, 'referrals.'));
    create policy parcours_referrals on public.coverage to parcours_referrals
    using (starts_with(name, 'referrals.'));
    create policy parcours_referrals on public.leases to parcours_referrals
    using (starts_with(name, 'referrals.'));
    delete from public.writers where "role" = 'parcours_referrals';
    insert into public.writers values ('parcours_referrals',
    array['referrals-', 'partner-', 'loop-', 'task-', 'task-', 'task-'],
    array['fr.parcours.referrals.', 'fr.parcours.referrals.', 'fr.parcours.referrals.', 'fr.parcours.reporting.TaskOpened', 'fr.parcours.reporting.RetryRefused', 'fr.parcours.reporting.TaskCompleted']);
end
$$;
