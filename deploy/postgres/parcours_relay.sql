do $$
begin
    create role parcours_relay nologin;
exception
    when duplicate_object or unique_violation then null;  -- roles are shared by all databases of the server
    when insufficient_privilege then raise notice 'role parcours_relay is to be created by an administrator';
end
$$;

do $$
begin
    if to_regrole('parcours_relay') is null then
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
    from parcours_relay;
    revoke all on function public.append_events, public.may_append, public.position_at from parcours_relay;
    grant usage on schema public to parcours_relay;
    grant select on public.events to parcours_relay;
    grant select, insert, update on public.checkpoints to parcours_relay;
    grant select, insert, update on public.coverage to parcours_relay;
    grant select, insert, update on public.leases to parcours_relay;
    grant select, insert on public.tree_heads to parcours_relay;
    grant select on public.webhooks to parcours_relay;
    grant select on public.webhook_deliveries to parcours_relay;
    grant execute on function public.position_at to parcours_relay;
    drop policy if exists parcours_relay on public.checkpoints;
    drop policy if exists parcours_relay on public.coverage;
    drop policy if exists parcours_relay on public.leases;
    create policy parcours_relay on public.checkpoints to parcours_relay
    using (starts_with(name, 'relay') or starts_with(name, 'feed') or starts_with(name, 'sealer') or starts_with(name, 'coverage'));
    create policy parcours_relay on public.coverage to parcours_relay
    using (starts_with(name, 'relay') or starts_with(name, 'feed') or starts_with(name, 'sealer') or starts_with(name, 'coverage'));
    create policy parcours_relay on public.leases to parcours_relay
    using (starts_with(name, 'relay') or starts_with(name, 'feed') or starts_with(name, 'sealer') or starts_with(name, 'coverage'));
    delete from public.writers where "role" = 'parcours_relay';
end
$$;
