-- The keys of persons, wrapped, and the index by which they are found: shared/trust/personal/key_database.py says what the columns mean.
-- A key that was destroyed is null. In a database of its own, which is set up by its own script: see person_keys.py.
create table if not exists public.person_keys (person text primary key, wrapped text);
create table if not exists public.person_tokens (token text not null, person text not null, primary key (token, person));
create index if not exists person_tokens_by_person on public.person_tokens (person);
create table if not exists public.person_keys_position (one integer primary key check (one = 1), position bigint not null);
insert into public.person_keys_position values (1, 0) on conflict do nothing;
