do $$
begin
    create role parcours_accounts nologin;
exception
    when duplicate_object or unique_violation then null;  -- roles are shared by all databases of the server
    when insufficient_privilege then raise notice 'role parcours_accounts is to be created by an administrator';
end
$$;

do $$
begin
    if to_regrole('parcours_accounts') is null then
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
    from parcours_accounts;
    revoke all on function public.append_events, public.may_append, public.position_at from parcours_accounts;
    grant usage on schema public to parcours_accounts;
    grant select on public.events to parcours_accounts;
    grant select, insert, update on public.checkpoints to parcours_accounts;
    grant select, insert, update on public.coverage to parcours_accounts;
    grant select, insert, update on public.leases to parcours_accounts;
    grant execute on function public.position_at to parcours_accounts;
    grant select on public.writers to parcours_accounts;
    grant execute on function public.append_events to parcours_accounts;
    drop policy if exists parcours_accounts on public.checkpoints;
    drop policy if exists parcours_accounts on public.coverage;
    drop policy if exists parcours_accounts on public.leases;
    create policy parcours_accounts on public.checkpoints to parcours_accounts
    using (starts_with(name, 'accounts.'));
    create policy parcours_accounts on public.coverage to parcours_accounts
    using (starts_with(name, 'accounts.'));
    create policy parcours_accounts on public.leases to parcours_accounts
    using (starts_with(name, 'accounts.'));
    delete from public.writers where "role" = 'parcours_accounts';
    insert into public.writers values ('parcours_accounts',
    array['accounts'],
    array['fr.parcours.accounts.']);
end
$$;
