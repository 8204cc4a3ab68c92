-- Everybody reads every checkpoint, and what was applied up to it; a role moves those of its own names, and holds leases of those names (rights.py). For a role that all
-- services share, these are all of them.
alter table public.checkpoints enable row level security;
alter table public.leases enable row level security;
alter table public.coverage enable row level security;

drop policy if exists everybody_reads on public.checkpoints;
create policy everybody_reads on public.checkpoints for select using (true);
drop policy if exists everybody_reads on public.coverage;
create policy everybody_reads on public.coverage for select using (true);

do $$
begin
    if to_regrole('parcours_service') is not null then
        drop policy if exists parcours_service on public.checkpoints;
        create policy parcours_service on public.checkpoints to parcours_service using (true);
        drop policy if exists parcours_service on public.coverage;
        create policy parcours_service on public.coverage to parcours_service using (true);
        drop policy if exists parcours_service on public.leases;
        create policy parcours_service on public.leases to parcours_service using (true);
        grant select on public.writers to parcours_service;
    end if;
end
$$;
