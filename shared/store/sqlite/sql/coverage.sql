-- Which events each consumer has applied: shared/coverage.py. A row is written with the checkpoint of its consumer, or with the cursor of
-- its webhook.
create table if not exists coverage (name text primary key, applied text not null) strict, without rowid;
