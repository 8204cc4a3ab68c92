-- The keys of persons, wrapped, and the index by which they are found: shared/trust/personal/key_database.py says what the columns mean.
-- A key that was destroyed is null.
create table if not exists person_keys (person text primary key, wrapped text) strict, without rowid;
create table if not exists person_tokens (token text not null, person text not null, primary key (token, person)) strict, without rowid;
create index if not exists person_tokens_by_person on person_tokens (person);
-- Whose record a merged one is.
create table if not exists person_merges (merged text primary key, kept text not null) strict, without rowid;
create index if not exists person_merges_by_kept on person_merges (kept);
create table if not exists person_keys_position (one integer primary key check (one = 1), position integer not null) strict;
insert into person_keys_position values (1, 0) on conflict do nothing;
-- What is deleted is overwritten in the file: a key that was destroyed is not to be found in a free page of it.
pragma secure_delete = on;
