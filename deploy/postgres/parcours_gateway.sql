do $$
begin
    create role parcours_gateway nologin;
exception
    when duplicate_object or unique_violation then null;  -- roles are shared by all databases of the server
    when insufficient_privilege then raise notice 'role parcours_gateway is to be created by an administrator';
end
$$;

do $$
begin
    if to_regrole('parcours_gateway') is null then
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
    from parcours_gateway;
    revoke all on function public.append_events, public.may_append, public.position_at from parcours_gateway;
    grant usage on schema public to parcours_gateway;
    grant select on public.events to parcours_gateway;
    grant select on public.checkpoints to parcours_gateway;
    grant select on public.coverage to parcours_gateway;
    grant select, insert, update, delete on public.ended_sessions to parcours_gateway;
    grant select, insert, update, delete on public.command_keys to parcours_gateway;
    grant select, insert, update, delete on public.login_links to parcours_gateway;
    grant execute on function public.position_at to parcours_gateway;
    drop policy if exists parcours_gateway on public.checkpoints;
    drop policy if exists parcours_gateway on public.coverage;
    drop policy if exists parcours_gateway on public.leases;
    delete from public.writers where "role" = 'parcours_gateway';
end
$$;
