-- The keys of persons, wrapped, and the index by which they are found: shared/trust/personal/key_database.py says what the columns mean.
-- A key that was destroyed is null. In a database of its own, which is set up by its own script: see person_keys.py.
create table if not exists public.person_keys (person text primary key, wrapped text);
create table if not exists public.person_tokens (token text not null, person text not null, primary key (token, person));
create index if not exists person_tokens_by_person on public.person_tokens (person);
-- Whose record a merged one is.
create table if not exists public.person_merges (merged text primary key, kept text not null);
create index if not exists person_merges_by_kept on public.person_merges (kept);
create table if not exists public.person_keys_position (one integer primary key check (one = 1), position bigint not null);
insert into public.person_keys_position values (1, 0) on conflict do nothing;

-- Applies what some events change (KeyChanges), if the log is applied up to `after`, and returns whether it was. `named` are the persons of
-- `persons`, and those who have no token any more; the record of `merged` at a place is that of `kept` there, or of nobody's where it is empty.
create or replace function public.apply_to_person_keys(
    gone text[], tokens text[], persons text[], named text[], merged text[], kept text[], after bigint, until bigint
) returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    records text[];
begin
    update public.person_keys_position set position = until where position = after;
    if not found then
        return 0;
    end if;
    delete from public.person_merges as known where known.merged = any (apply_to_person_keys.merged);
    insert into public.person_merges (merged, kept)
    select pair.merged, pair.kept from unnest(apply_to_person_keys.merged, apply_to_person_keys.kept) as pair (merged, kept)
    where pair.kept <> '';
    with recursive record (person) as (
        select unnest(gone)
        union
        select known.merged from public.person_merges as known join record on known.kept = record.person
    )
    select coalesce(array_agg(person), '{}') into records from record;
    delete from public.person_tokens where person = any (named || records);
    insert into public.person_keys (person, wrapped) select unnest(records), null
    on conflict (person) do update set wrapped = null;
    insert into public.person_tokens (token, person)
    select new.token, new.person from unnest(tokens, persons) as new (token, person)
    where exists (select from public.person_keys as key where key.person = new.person and key.wrapped is not null)
    on conflict do nothing;
    return 1;
end
$$;
