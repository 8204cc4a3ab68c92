-- Which events each consumer has applied: shared/coverage.py. A row is written with the checkpoint of its consumer, or with the cursor of
-- its webhook.
create table if not exists public.coverage (name text primary key, applied text not null);

do $$
begin
    if to_regrole('parcours_service') is not null then
        grant select, insert, update on public.coverage to parcours_service;
    end if;
end
$$;
