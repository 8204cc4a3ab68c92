do $$
begin
    create role parcours_webhooks nologin;
exception
    when duplicate_object or unique_violation then null;  -- roles are shared by all databases of the server
    when insufficient_privilege then raise notice 'role parcours_webhooks is to be created by an administrator';
end
$$;

do $$
begin
    if to_regrole('parcours_webhooks') is null then
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
    from parcours_webhooks;
    revoke all on function public.append_events, public.may_append, public.position_at from parcours_webhooks;
    grant usage on schema public to parcours_webhooks;
    grant select on public.events to parcours_webhooks;
    grant select, insert, update on public.checkpoints to parcours_webhooks;
    grant select, insert, update on public.coverage to parcours_webhooks;
    grant select, insert, update on public.leases to parcours_webhooks;
    grant select, insert, update on public.webhooks to parcours_webhooks;
    grant select, insert, update, delete on public.webhook_deliveries to parcours_webhooks;
    grant execute on function public.position_at to parcours_webhooks;
    grant select on public.writers to parcours_webhooks;
    grant execute on function public.append_events to parcours_webhooks;
    drop policy if exists parcours_webhooks on public.checkpoints;
    drop policy if exists parcours_webhooks on public.coverage;
    drop policy if exists parcours_webhooks on public.leases;
    create policy parcours_webhooks on public.checkpoints to parcours_webhooks
    using (starts_with(name, 'webhooks.') or starts_with(name, 'webhooks') or starts_with(name, 'webhook '));
    create policy parcours_webhooks on public.coverage to parcours_webhooks
    using (starts_with(name, 'webhooks.') or starts_with(name, 'webhooks') or starts_with(name, 'webhook '));
    create policy parcours_webhooks on public.leases to parcours_webhooks
    using (starts_with(name, 'webhooks.') or starts_with(name, 'webhooks') or starts_with(name, 'webhook '));
    delete from public.writers where "role" = 'parcours_webhooks';
    insert into public.writers values ('parcours_webhooks',
    array['webhook-'],
    array['fr.parcours.webhooks.']);
end
$$;
