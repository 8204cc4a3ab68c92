-- How often each lease was given: the token of its last holder. The lease itself is an advisory lock (lease.py).
create table if not exists public.leases (name text primary key, token bigint not null);

do $$
begin
    if to_regrole('parcours_service') is not null then
        grant select, insert, update on public.leases to parcours_service;
    end if;
end
$$;
